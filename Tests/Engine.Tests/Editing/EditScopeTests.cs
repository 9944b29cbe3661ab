using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Editing;
using OnnxEdit.Engine.Editing.Editors;
using OnnxEdit.Engine.Edits;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class EditScopeTests
{
    static readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    static float[] Scores(ModelProto model, ItemSet images)
    {
        List<float> all = [];
        using var session = new ClassifierSession(model);
        session.Run(images, (_, _, z) => all.AddRange(z.ToArray()), null, _cancellation);
        return [.. all];
    }

    [Theory]
    [InlineData("all", 9)]
    [InlineData("last", 2)]
    [InlineData("head", 2)]
    [InlineData("chain:outer", 2)]
    [InlineData("outer,head", 4)]
    [InlineData("extra", 4)]
    public void The_suffix_does_to_what_it_is_given_what_the_model_does_to_images(string layers, int weights)
    {
        var source = SmallClassifier.Residual().Model;
        var images = SmallClassifier.Images(70);
        using var scope = EditScope.Of(EditDraft.Of(source), layers, null);
        Assert.Equal(weights, scope.Weights.Count);
        var (whole, suffix) = (Scores(source.Proto, images), Scores(scope.Suffix.Proto, scope.Read(images, _cancellation)));
        Assert.All(whole.Zip(suffix), p => Assert.Equal(p.First, p.Second, 1e-4f));
        Assert.Equal(layers == "all", ReferenceEquals(images, scope.Read(images, _cancellation)));
        // Without an edit, the whole model is the one that was given, an extra layer included.
        Assert.All(whole.Zip(Scores(scope.Edited([]), images)), p => Assert.Equal(p.First, p.Second, 1e-5f));
    }

    [Theory]
    [InlineData("rmsprop", "extra")]
    [InlineData("gd", "outer")]
    [InlineData("adam", "all")]
    [InlineData("momentum", "last")]
    [InlineData("scaled-gd", "chain:outer")]
    [InlineData("rprop", "extra")]
    public void An_edit_of_the_suffix_is_an_edit_of_the_model_at_a_step_size_of_its_own(string kind, string layers)
    {
        var source = SmallClassifier.Residual().Model;
        var images = SmallClassifier.Images(3);
        using var scope = EditScope.Of(EditDraft.Of(source), layers, null);
        using var editor = GradientEditor.Create(scope.Suffix, ImageEditors.Table.Of(kind).Steps!, null, scope.Weights);
        var read = scope.Read(images, _cancellation);
        var image = new float[read.ItemLength];
        read.Fill(1, 1, image);
        for (var label = 0; label < SmallClassifier.Classes; label++)
        {
            Assert.True(editor.Edit(image, label).Success);
            var scores = Scores(scope.Edited(editor.Weights), images.Select([1]));
            Assert.True(scores[label] >= scores.Max() - 1e-4f);
        }
    }

    [Fact]
    public void A_model_has_one_extra_layer_at_most()
    {
        using var scope = EditScope.Of(EditDraft.Of(SmallClassifier.Residual().Model), "extra", null);
        using var again = EditScope.Of(EditDraft.Of(new OnnxModel(scope.Edited([]))), "extra", null);
        Assert.Equal(scope.Weights, again.Weights);
        Assert.Single(again.Edited([]).Graph.Node, n => n.OpType == "Relu" && n.Name.StartsWith("onnxedit_extra", StringComparison.Ordinal));
    }

    [Fact]
    public void A_chain_without_a_name_is_refused() =>
        Assert.Contains("chain:layer3", Assert.Throws<OnnxEngineException>(() => EditScope.Of(EditDraft.Of(SmallClassifier.Residual().Model), "chain", null)).Message, StringComparison.Ordinal);
}
