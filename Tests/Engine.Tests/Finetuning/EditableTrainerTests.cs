using Google.Protobuf;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.EditableTraining;
using OnnxEdit.Engine.Editing;
using OnnxEdit.Engine.Editing.Editors;
using OnnxEdit.Engine.Finetuning;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class EditableTrainerTests
{
    static readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    static readonly Lazy<OnnxModel> _trained = new(() => Finetuner.Finetune(
        SmallClassifier.Residual().Model, Data(), new FinetuneOptions { Steps = 150, Batch = 16, Optimiser = FinetuneOptimiser.Adam, StepSize = 0.02 }, null, CancellationToken.None).Model);

    static ModelData Data()
    {
        var all = SmallClassifier.Images(480);
        ItemSet Part(int from, int to) => all.Select([.. Enumerable.Range(from, to - from)]);
        return new ModelData("made up") { Train = Part(0, 240), Validation = Part(240, 360), Test = Part(360, 480) };
    }

    static readonly float[] _image = [1, -1, 2, 0, 1];

    static EditableOptions Options => new() { Steps = 60, Batch = 16, CheckEvery = 20, StepSize = 0.003, Seed = 3, MeasuredEdits = 12, Validation = 96 };

    static EditableResult Run(EditableOptions options, CancellationToken? cancellation = null) =>
        EditableTrainer.Train(_trained.Value, Data(), options, null, cancellation ?? _cancellation);

    // No kinks: softmax scores of a small network with Tanh.
    static NormalisedModel Smooth()
    {
        var b = new GraphBuilder(1) { Batch = null };
        var random = new Philox4x32(4);
        float[] Some(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)random.NextGaussian())];
        var hidden = b.Op("Tanh", [b.Op("Gemm", [b.Input("x", 5), b.Floats("first", [5, 6], Some(30)), b.Floats("bias", [6], Some(6))], [1, 6], "inner")], [1, 6], "hidden");
        return NormalisedModel.Create(b.Build(b.Op("Gemm", [hidden, b.Floats("second", [6, 4], Some(24)), b.Floats("last", [4], Some(4))], [1, 4], "scores")));
    }

    // The class that an image is furthest from.
    static int Least(EditableSuffix suffix, float[] image)
    {
        var own = suffix.Scores(suffix.Initial(), [.. Enumerable.Repeat(image, suffix.Batch).SelectMany(i => i)])[..suffix.Classes];
        return Array.IndexOf(own, own.Min());
    }

    [Fact]
    public void The_gradient_goes_through_all_steps_of_the_edit_as_central_differences_say()
    {
        using var suffix = new EditableSuffix(Smooth(), ["first", "bias"], 8, true, null);
        var objective = new EditableObjective(suffix, new EditableOptions { EditSteps = 3, EditWeight = 0.7, LocalityWeight = 1.3 });
        var random = new Philox4x32(5);
        float[] Some(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)random.NextGaussian())];
        float[] Answers() => [.. Enumerable.Range(0, 8).SelectMany(_ => (float[])[.1f, .2f, .3f, .4f])];
        var (images, image) = (Some(40), Some(5));
        var weights = suffix.Initial();
        var gradient = suffix.Zeros();
        const double StepSize = 0.05, H = 2.5e-4;
        // A class that three steps do not reach, so that all parts of the objective count.
        var label = Least(suffix, image);
        double Value(float[][] at, double logarithm = 0) =>
            objective.Evaluate(at, StepSize * Math.Exp(logarithm), images, Answers(), Answers(), image, label, suffix.Zeros()).Loss;
        var (_, byStepSize) = objective.Evaluate(weights, StepSize, images, Answers(), Answers(), image, label, gradient);
        Assert.Equal((Value(weights, 2e-3) - Value(weights, -2e-3)) / 4e-3, byStepSize, 2e-3 * Math.Max(1, Math.Abs(byStepSize)));
        for (var trial = 0; trial < 12; trial++)
        {
            var direction = weights.Select((w, i) => trial < weights.Length && i != trial ? new float[w.Length] : Some(w.Length)).ToArray();
            float[][] Moved(double by) => [.. weights.Select((w, i) => w.Select((v, k) => (float)(v + by * direction[i][k])).ToArray())];
            double Difference(double h) => (Value(Moved(h)) - Value(Moved(-h))) / (2 * h);
            // Steps divided by the size of small gradients bend sharply: extrapolated to no distance.
            var expected = (4 * Difference(H / 2) - Difference(H)) / 3;
            var found = gradient.Zip(direction, (g, d) => g.Zip(d, (a, b) => (double)a * b).Sum()).Sum();
            Assert.True(Math.Abs(expected - found) < 1e-2 * Math.Max(1, Math.Abs(expected)), $"trial {trial}: {expected} by differences, {found}");
        }
    }

    [Fact]
    public void To_first_order_the_gradients_of_an_edit_are_constants()
    {
        using var suffix = new EditableSuffix(Smooth(), ["first", "bias"], 8, false, null);
        var edit = new UnrolledEdit(suffix);
        var weights = suffix.Initial();
        edit.Run(weights, _image, Least(suffix, _image), 1e-4, 2);
        Assert.Equal(2, edit.Steps);
        var gradient = suffix.Zeros();
        foreach (var g in gradient) Array.Fill(g, 0.5f);
        // The edited weights are the weights plus constants times the step size, then.
        var byStepSize = edit.CarryBack(gradient, isFirstOrder: true);
        Assert.All(gradient, g => Assert.All(g, v => Assert.Equal(0.5f, v)));
        Assert.Equal(0.5 * edit.Weights.Zip(weights, (a, b) => a.Zip(b, (x, y) => (double)x - y).Sum()).Sum(), byStepSize, 1e-5);
    }

    [Fact]
    public void An_unrolled_edit_is_the_edit_that_the_editor_makes()
    {
        using var suffix = new EditableSuffix(Smooth(), ["first", "bias", "second", "last"], 8, false, null);
        using var editor = GradientEditor.Create(Smooth(), GradientEdits.RmsProp.Steps!, 0.1);
        var edit = new UnrolledEdit(suffix);
        edit.Run(suffix.Initial(), _image, Least(suffix, _image), 0.1, GradientEditor.Steps);
        var outcome = editor.Edit(_image, Least(suffix, _image));
        Assert.InRange(edit.Steps, 2, GradientEditor.Steps);
        Assert.Equal((outcome.Steps, outcome.Success), (edit.Steps, edit.Loss <= 0));
        foreach (var w in suffix.Named(edit.Weights))
            Assert.All(w.Values.Zip(editor.Weights.First(e => e.Name == w.Name).Values), p => Assert.Equal(p.First, p.Second, 1e-5f));
    }

    [Theory]
    [InlineData("extra", false)]
    [InlineData("extra", true)]
    [InlineData("outer", false)]
    public void Edits_cost_less_afterwards(string layers, bool isFirstOrder)
    {
        var (model, report) = Run(Options with { Layers = layers, IsFirstOrder = isFirstOrder, Steps = 100 });
        Assert.True(report.Best.Merit > report.Curve[0].Merit + 0.02, string.Join('\n', report.Curve));
        Assert.True(report.After!.Top1 > report.Before!.Top1 - 0.05);
        Assert.Equal("finetune", ModelHistory.Read(model.Proto)[^1].Command);
        // The editor takes the step size that was practised.
        Assert.Equal(report.Best.EditStepSize, PractisedStepSize.Of(model, new EditOptions { Editor = "rmsprop", Layers = layers })!.Value, 1e-12);
        Assert.Null(PractisedStepSize.Of(model, new EditOptions { Editor = "rmsprop", Layers = "all" }));
        using var session = new ClassifierSession(model);
        Assert.Equal(layers == "extra", ExtraLayer.Weights(model.Proto.Graph).Count == 4);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_seed_others()
    {
        byte[] Bytes(ulong seed) => Run(Options with { Seed = seed }).Model.Proto.ToByteArray();
        Assert.Equal(Bytes(3), Bytes(3));
        Assert.NotEqual(Bytes(3), Bytes(4));
    }

    [Fact]
    public void Divergence_and_cancelling_keep_the_best_model()
    {
        var (model, report) = Run(Options with { StepSize = 1e30 });
        Assert.Equal((FinetuneEnd.Diverged, 0), (report.End, report.BestStep));
        Assert.Equal(report.Before!.Top1, report.After!.Top1);
        Assert.All(model.Proto.Graph.Initializer.Where(TensorData.IsFloat), t => Assert.All(TensorData.Floats(t), v => Assert.True(float.IsFinite(v))));
        using var source = new CancellationTokenSource();
        var progress = new CancelAt(source, 5);
        var cut = EditableTrainer.Train(_trained.Value, Data(), Options, progress, source.Token).Report;
        Assert.Equal((FinetuneEnd.Cancelled, 5), (cut.End, cut.Steps));
    }

    [Fact]
    public void Too_few_images_and_layers_that_are_not_there_are_refused()
    {
        Assert.Contains("fewer than the 1000", Assert.Throws<OnnxEngineException>(() => Run(Options with { Batch = 1000 })).Message, StringComparison.Ordinal);
        Assert.Contains("'nowhere'", Assert.Throws<OnnxEngineException>(() => Run(Options with { Layers = "nowhere" })).Message, StringComparison.Ordinal);
    }

    sealed class CancelAt(CancellationTokenSource source, int step) : IProgress<WorkProgress>
    {
        public void Report(WorkProgress value)
        {
            if (value.Done == step) source.Cancel();
        }
    }
}
