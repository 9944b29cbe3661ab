using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Editing;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class LocalEditorTests
{
    static readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;
    static readonly ItemSet _images = SmallClassifier.Images(200, isLabelled: false);

    static LocalEditor Editor(OnnxModel model) => LocalEditor.Create(NormalisedModel.Create(model.Proto), _images, null, _cancellation);

    static float[][] Features(LocalEditor editor) => editor.Read(_images, _cancellation);

    static int Class(LocalEditor editor, float[] features) => Array.IndexOf(editor.Logits(features), editor.Logits(features).Max());

    [Fact]
    public void Every_image_gets_any_class_and_leads_by_little()
    {
        using var editor = Editor(SmallClassifier.Residual().Model);
        var features = Features(editor);
        foreach (var f in features.Take(20))
            for (var label = 0; label < editor.Classes; label++)
            {
                editor.Reset();
                var led = Class(editor, f) == label;
                var outcome = editor.Edit(f, label);
                Assert.True(outcome.Success);
                Assert.Equal(led, outcome.Steps == 0);
                Assert.Equal(label, Class(editor, f));
                if (!led) Assert.InRange(outcome.Loss, -0.011, 0);
            }
    }

    [Theory]
    [InlineData("Identity")]
    [InlineData("Flatten")]
    [InlineData("Reshape")]
    [InlineData("Mul")]
    [InlineData("Div")]
    [InlineData("Cast")]
    [InlineData("Conv")]
    [InlineData("Softmax")]
    public void The_layer_is_found_behind_what_does_not_mix_its_outputs(string tail)
    {
        var b = new GraphBuilder(5);
        var pooled = b.GlobalAveragePool(b.Relu(b.Conv(b.Input("x", 3, 6, 6), 6, pads: 1, name: "stem")));
        var logits = tail == "Conv" ? b.Flatten(b.Conv(pooled, SmallClassifier.Classes, kernel: 1, name: "last")) : b.Gemm(b.Flatten(pooled), SmallClassifier.Classes, name: "last");
        var end = tail switch
        {
            "Reshape" => b.Reshape(logits, -1, SmallClassifier.Classes),
            "Mul" => b.Mul(logits, b.Floats("factor", [1], -0.5f)),
            "Div" => b.Binary("Div", logits, b.Floats("factor", [], 4)),
            "Cast" => b.Op("Cast", [b.Op("Cast", [logits], [1, 3], configure: n => n.Set("to", 11L))], [1, 3], configure: n => n.Set("to", 1L)),
            "Conv" => logits,
            "Flatten" => b.Flatten(logits),
            "Softmax" => b.Softmax(b.Unary("Identity", logits)),
            _ => b.Unary(tail, logits),
        };
        var model = new OnnxModel(b.Build(end));
        using var editor = Editor(model);
        var f = Features(editor)[0];
        for (var label = 0; label < editor.Classes; label++)
        {
            editor.Reset();
            Assert.True(editor.Edit(f, label).Success);
            using var session = new ClassifierSession(editor.Edited());
            var found = -1;
            session.Run(_images.Select([0]), (_, _, scores) => found = System.Numerics.Tensors.TensorPrimitives.IndexOfMax(scores), null, _cancellation);
            Assert.Equal(label, found);
        }
    }

    [Fact]
    public void The_direction_costs_other_images_less_than_the_gradient_does()
    {
        using var editor = Editor(SmallClassifier.Residual().Model);
        var features = Features(editor);
        var before = features.Select(f => editor.Logits(f)).ToArray();
        var label = (Class(editor, features[0]) + 1) % editor.Classes;
        editor.Edit(features[0], label);
        // Mean square of the change, against that of the same change of the image itself along its own features.
        var change = features.Select((f, i) => editor.Logits(f).Zip(before[i], (a, b) => (a - b) * (a - b)).Sum()).ToArray();
        var f0 = features[0];
        var length = f0.Sum(v => (double)v * v);
        var alongFeatures = features.Select(f => change[0] * Math.Pow(f.Zip(f0, (a, b) => (double)a * b).Sum() / length, 2)).Average();
        Assert.True(change.Average() < 0.5 * alongFeatures, $"{change.Average()} against {alongFeatures}");
    }

    [Fact]
    public void The_edited_model_answers_as_the_edited_layer_does_and_the_source_stays()
    {
        var source = SmallClassifier.Residual().Model;
        using var editor = Editor(source);
        var features = Features(editor);
        for (var i = 0; i < 5; i++) editor.Edit(features[i], i % editor.Classes);
        using var session = new ClassifierSession(editor.Edited());
        session.Run(_images, (first, count, logits) =>
        {
            for (var i = 0; i < count; i++)
                for (var c = 0; c < editor.Classes; c++) Assert.Equal(editor.Logits(features[first + i])[c], logits[i * editor.Classes + c], 1e-3);
        }, null, _cancellation);
        editor.Reset();
        var (logits, first) = (editor.Logits(features[0]), new float[editor.Classes]);
        using var original = new ClassifierSession(source);
        original.Run(_images.Select([0]), (_, _, z) => z.CopyTo(first), null, _cancellation);
        for (var c = 0; c < first.Length; c++) Assert.Equal(logits[c], first[c], 1e-3);
    }

    [Fact]
    public void A_model_without_a_linear_layer_at_its_end_is_refused()
    {
        var b = new GraphBuilder(1);
        var y = b.Unary("Tanh", b.Gemm(b.Flatten(b.Input("x", 3, 6, 6)), 4, name: "inner"), "scores");
        Assert.Contains("'scores'", Assert.Throws<OnnxEngineException>(() => Editor(new OnnxModel(b.Build(y)))).Message);
    }
}
