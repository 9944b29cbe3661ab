using OnnxEdit.Engine.Editing;
using OnnxEdit.Engine.Editing.Editors;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Graph;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class GradientEditorTests
{
    // Scores W x of x = (1, 2) with W = [[.5, .5], [-.2, .1], [0, -.3]]: class 2 trails by 2.1.
    static NormalisedModel Linear()
    {
        var b = new GraphBuilder(1);
        var y = b.Op("MatMul", [b.Input("x", 2), b.Floats("w", [2, 3], 0.5f, -0.2f, 0, 0.5f, 0.1f, -0.3f)], [1, 3], "scores");
        return NormalisedModel.Create(b.Build(y));
    }

    static float[] Row(GradientEditor editor, int row) => [editor.Weights[0].Values[row], editor.Weights[0].Values[3 + row]];

    [Fact]
    public void Gradient_descent_edits_a_linear_model_in_three_steps()
    {
        using var editor = GradientEditor.Create(Linear(), GradientEdits.Gd.Steps!, 0.1);
        var outcome = editor.Edit([1, 2], 2);
        Assert.Equal((true, 3), (outcome.Success, outcome.Steps));
        float[][] expected = [[0.2f, -0.1f], [-0.2f, 0.1f], [0.3f, 0.3f]];
        for (var r = 0; r < 3; r++)
            for (var c = 0; c < 2; c++) Assert.Equal(expected[r][c], Row(editor, r)[c], 1e-6f);
    }

    [Fact]
    public void Rmsprop_edits_it_in_four()
    {
        using var editor = GradientEditor.Create(Linear(), GradientEdits.RmsProp.Steps!, 0.1);
        var outcome = editor.Edit([1, 2], 2);
        Assert.Equal((true, 4), (outcome.Success, outcome.Steps));
        Assert.Equal(0.1000002f, Row(editor, 0)[0], 5e-7f);
        Assert.Equal(0.10000005f, Row(editor, 0)[1], 5e-7f);
        Assert.Equal(0.3999998f, Row(editor, 2)[0], 5e-7f);
        Assert.Equal(0.09999995f, Row(editor, 2)[1], 5e-7f);
    }

    [Theory]
    [InlineData("gd", 0.1)]
    [InlineData("scaled-gd", 0.3)]
    [InlineData("rprop", 0.1)]
    [InlineData("rmsprop", 0.1)]
    [InlineData("momentum", 0.05)]
    [InlineData("adam", 0.1)]
    public void Every_editor_reaches_the_class_and_starts_anew_each_time(string kind, double stepSize)
    {
        using var editor = GradientEditor.Create(Linear(), ImageEditors.Table.Of(kind).Steps!, stepSize);
        var first = editor.Edit([1, 2], 2);
        Assert.True(first.Success);
        Assert.InRange(first.Steps, 1, GradientEditor.Steps);
        Assert.Equal(0, editor.Edit([1, 2], 0).Steps);
        Assert.Equal(first, editor.Edit([1, 2], 2));
    }

    [Fact]
    public void Steps_that_are_too_small_fail_after_ten()
    {
        using var editor = GradientEditor.Create(Linear(), GradientEdits.Gd.Steps!, 1e-4);
        var outcome = editor.Edit([1, 2], 2);
        Assert.Equal((false, 10), (outcome.Success, outcome.Steps));
        Assert.InRange(outcome.Loss, 2.0, 2.1);
    }

    [Fact]
    public void The_edited_model_gives_the_image_its_class()
    {
        var source = SmallClassifier.Residual().Model;
        using var editor = GradientEditor.Create(NormalisedModel.Create(source.Proto), GradientEdits.RmsProp.Steps!, 0.02);
        var images = SmallClassifier.Images(3);
        var image = new float[images.ItemLength];
        images.Fill(1, 1, image);
        for (var label = 0; label < SmallClassifier.Classes; label++)
        {
            Assert.True(editor.Edit(image, label).Success);
            using var session = new ClassifierSession(editor.Edited());
            session.Run(images.Select([1]), (_, _, logits) => Assert.True(logits[label] >= logits.ToArray().Max() - 1e-5f), null, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public void A_class_that_is_none_and_an_image_of_another_size_are_refused()
    {
        using var editor = GradientEditor.Create(Linear(), GradientEdits.Gd.Steps!, 0.1);
        Assert.Contains("no class 3", Assert.Throws<OnnxEngineException>(() => editor.Edit([1, 2], 3)).Message);
        Assert.Contains("takes 2", Assert.Throws<OnnxEngineException>(() => editor.Edit([1, 2, 3], 1)).Message);
    }
}
