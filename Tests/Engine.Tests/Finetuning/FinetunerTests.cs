using Google.Protobuf;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Finetuning;
using OnnxEdit.Engine.Training;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class FinetunerTests
{
    static readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    static ModelData Data(bool labels = true)
    {
        var all = SmallClassifier.Images(480, isLabelled: labels);
        ItemSet Part(int from, int to) => all.Select([.. Enumerable.Range(from, to - from)]);
        return new ModelData("made up") { Train = Part(0, 240), Validation = Part(240, 360), Test = Part(360, 480) };
    }

    static FinetuneOptions Options => new() { Steps = 60, Batch = 16, Looks = 3, Optimiser = FinetuneOptimiser.Sgd, StepSize = 0.02, WarmUp = 0, Averaging = 0, Seed = 3 };

    static FinetuneResult Run(FinetuneOptions options, ModelData? data = null, OnnxModel? model = null, CancellationToken? cancellation = null) =>
        Finetuner.Finetune(model ?? SmallClassifier.Residual().Model, data ?? Data(), options, null, cancellation ?? _cancellation);

    [Theory]
    [InlineData(FinetuneOptimiser.Adam, 0.02)]
    [InlineData(FinetuneOptimiser.Sgd, 0.02)]
    [InlineData(FinetuneOptimiser.Muon, 0.1)]
    public void Labels_are_learned(FinetuneOptimiser optimiser, double stepSize)
    {
        var (_, report) = Run(Options with { Optimiser = optimiser, StepSize = stepSize });
        Assert.True(report.Curve[^1].Validation < 0.5 * report.Curve[0].Validation, $"{report.Curve[0].Validation} to {report.Curve[^1].Validation}");
        Assert.True(report.After!.Top1 > report.Before!.Top1 + 0.2, $"{report.Before.Top1} to {report.After.Top1}");
        Assert.Equal((60, FinetuneEnd.Finished), (report.Steps, report.End));
        Assert.Equal([0, 20, 40, 60], report.Curve.Select(p => p.Step));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_damaged_model_comes_back_to_its_teacher_without_labels(double mix)
    {
        var teacher = Run(Options with { Steps = 120 }).Model;
        var damaged = teacher.Proto.Clone();
        var random = new Random(1);
        foreach (var t in damaged.Graph.Initializer.Where(t => t.Name.EndsWith("weight", StringComparison.Ordinal)))
            TensorData.SetFloats(t, [.. TensorData.Floats(t).Select(v => v + 0.15f * (float)(random.NextDouble() - 0.5))]);
        var data = new ModelData("no labels") { Train = SmallClassifier.Images(240).Select([.. Enumerable.Range(0, 240)]), Validation = Data().Validation };
        var (_, report) = Run(Options with { Teacher = teacher, Flip = true, Shift = 1, Mix = mix }, data, new OnnxModel(damaged));
        Assert.Null(report.After);
        Assert.True(report.Curve[^1].Validation < 0.3 * report.Curve[0].Validation, $"{report.Curve[0].Validation} to {report.Curve[^1].Validation}");
        // Imitating oneself costs nothing.
        Assert.Equal(0, Run(Options with { Teacher = teacher, Steps = 0 }, data, teacher).Report.Curve[0].Validation, 1e-5);
    }

    [Fact]
    public void Labels_are_not_mixed() =>
        Assert.Contains("Mixed images", Assert.Throws<OnnxEngineException>(() => Run(Options with { Mix = 0.5 })).Message, StringComparison.Ordinal);

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_seed_others()
    {
        byte[] Bytes(ulong seed) => Run(Options with { Seed = seed, Flip = true }).Model.Proto.ToByteArray();
        Assert.Equal(Bytes(3), Bytes(3));
        Assert.NotEqual(Bytes(3), Bytes(4));
    }

    [Theory]
    [InlineData(60)]
    [InlineData(3)]
    public void Divergence_keeps_the_best_model(int looks)
    {
        var (model, report) = Run(Options with { StepSize = 1e30, GradientLimit = 0, Looks = looks });
        Assert.Equal((FinetuneEnd.Diverged, 0), (report.End, report.BestStep));
        Assert.Equal(report.Before!.Top1, report.After!.Top1);
        Assert.All(model.Proto.Graph.Initializer.Where(TensorData.IsFloat), t => Assert.All(TensorData.Floats(t), v => Assert.True(float.IsFinite(v))));
    }

    [Fact]
    public void Without_improvement_it_ends_early_with_the_best_model()
    {
        var (_, report) = Run(Options with { StepSize = 0, Patience = 2 });
        Assert.Equal((FinetuneEnd.NoImprovement, 40, 0), (report.End, report.Steps, report.BestStep));
    }

    [Fact]
    public void Cancelling_gives_the_best_model_so_far()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        var (_, report) = Run(Options, cancellation: source.Token);
        Assert.Equal((FinetuneEnd.Cancelled, 0), (report.End, report.Steps));
    }

    [Fact]
    public void Only_the_chosen_weights_change()
    {
        var before = NormalisedModel.Create(SmallClassifier.Residual().Model.Proto).Proto;
        var after = Run(Options with { Layers = ["head"] }).Model.Proto;
        foreach (var t in before.Graph.Initializer.Where(TensorData.IsFloat))
            Assert.Equal(!t.Name.StartsWith("head", StringComparison.Ordinal), TensorData.Floats(t).AsSpan().SequenceEqual(TensorData.Floats(after.Graph.Initializer.First(o => o.Name == t.Name))));
    }

    [Fact]
    public void What_was_done_is_in_the_history()
    {
        var entry = ModelHistory.Read(Run(Options).Model.Proto)[^1];
        Assert.Equal("finetune", entry.Command);
        Assert.Equal(("60", "labels"), (entry.Options["steps"], entry.Options["targets"]));
    }

    [Fact]
    public void Images_without_labels_and_no_teacher_are_refused() =>
        Assert.Contains("FinetuneOptions.Teacher", Assert.Throws<OnnxEngineException>(() => Run(Options, Data(labels: false))).Message);

    [Fact]
    public void A_layer_that_is_not_there_is_refused_with_some_that_are() =>
        Assert.Equal("No layer with weights has 'layer9' in its name; there are, for instance, 'stem', 'batchnorm_0', 'inner', 'head'.",
            Assert.Throws<OnnxEngineException>(() => Run(Options with { Layers = ["layer9"] })).Message);

    [Fact]
    public void Images_are_mirrored_and_shifted_as_a_whole()
    {
        float[] Image() => [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 40, 50, 60, 70, 80, 90];
        var seen = new HashSet<string>();
        for (var seed = 0UL; seed < 60; seed++)
        {
            var image = Image();
            Augmentation.Apply(image, 3, 3, true, 1, new Philox4x32(seed));
            // Both channels see the same.
            for (var i = 0; i < 9; i++) Assert.Equal(10 * image[i], image[9 + i]);
            seen.Add(string.Join(',', image[..9]));
        }
        Assert.Equal(18, seen.Count);
        Assert.Contains("3,2,1,6,5,4,9,8,7", seen);
        Assert.Contains("0,0,0,0,1,2,0,4,5", seen);
    }
}
