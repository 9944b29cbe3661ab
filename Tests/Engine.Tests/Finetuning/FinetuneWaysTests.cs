using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Finetuning;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Training;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class FinetuneWaysTests
{
    static FinetuneOptions Options => new() { Steps = 60, Batch = 16, Looks = 3, Optimiser = FinetuneOptimiser.Sgd, StepSize = 0.02, WarmUp = 0, Averaging = 0, Seed = 3 };

    static ModelData Data()
    {
        var all = SmallClassifier.Images(480);
        ItemSet Part(int from, int to) => all.Select([.. Enumerable.Range(from, to - from)]);
        return new ModelData("made up") { Train = Part(0, 240), Validation = Part(240, 360), Test = Part(360, 480) };
    }

    static FinetuneResult Run(FinetuneOptions options, OnnxModel? model = null) =>
        Finetuner.Finetune(model ?? SmallClassifier.Residual().Model, Data(), options, null, TestContext.Current.CancellationToken);

    static float[] Values(OnnxModel model, int input) => TensorData.Floats(
        model.Proto.Graph.Initializer.First(t => t.Name == model.Proto.Graph.Node.First(n => n.OpType == "BatchNormalization").Input[input]));

    [Fact]
    public void A_time_is_kept_to()
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var report = Run(Options with { Steps = 1, Time = TimeSpan.FromSeconds(1), Looks = 2 }).Report;
        Assert.InRange(watch.Elapsed.TotalSeconds, 1, 20);
        Assert.Equal(FinetuneEnd.Finished, report.End);
        // A busy machine may have no time for the look half-way.
        Assert.InRange(report.Curve.Count, 2, 3);
        Assert.Equal(report.Steps, report.Curve[^1].Step);
    }

    [Fact]
    public void Looks_tell_the_accuracy_too()
    {
        var report = Run(Options).Report;
        Assert.True(report.Curve[^1].Top1 > report.Curve[0].Top1 + 0.2);
    }

    [Fact]
    public void An_average_of_weights_learns_as_well() =>
        Assert.True(Run(Options with { Averaging = 0.8 }).Report is var r && r.Curve[^1].Validation < 0.6 * r.Curve[0].Validation);

    [Fact]
    public void Normalisations_that_are_trained_follow_the_batches()
    {
        var model = SmallClassifier.Residual().Model;
        var (tuned, report) = Run(Options with { Normalisation = FinetuneNormalisation.Train, StepSize = 0.01 }, model);
        Assert.True(report.Curve[^1].Validation < 0.6 * report.Curve[0].Validation, $"{report.Curve[0].Validation} to {report.Curve[^1].Validation}");
        Assert.NotEqual(Values(model, 3), Values(tuned, 3));
        Assert.NotEqual(Values(model, 4), Values(tuned, 4));
    }

    [Fact]
    public void Statistics_that_are_wrong_are_measured_anew()
    {
        var teacher = Run(Options with { Normalisation = FinetuneNormalisation.Train }).Model;
        var wrong = teacher.Proto.Clone();
        var name = wrong.Graph.Node.First(n => n.OpType == "BatchNormalization").Input[3];
        TensorData.SetFloats(wrong.Graph.Initializer.First(t => t.Name == name), [.. Values(teacher, 3).Select(v => v + 2)]);
        var options = Options with { Teacher = teacher, Steps = 0, Normalisation = FinetuneNormalisation.Reestimate };
        var (tuned, report) = Run(options, new OnnxModel(wrong));
        Assert.True(report.Reestimated);
        Assert.All(Values(tuned, 3).Zip(Values(teacher, 3)), p => Assert.Equal(p.Second, p.First, 0.3));
        Assert.Contains("Normalisations were re-estimated", report.Basis);
        // Where they are as they should be, new ones are no better.
        Assert.False(Run(options, teacher).Report.Reestimated);
    }

    [Theory]
    [InlineData(FinetuneNormalisation.Train)]
    [InlineData(FinetuneNormalisation.Reestimate)]
    public void A_model_without_normalisation_is_refused(FinetuneNormalisation normalisation) =>
        Assert.Contains("has no batch normalisation", Assert.Throws<OnnxEngineException>(
            () => Run(Options with { Normalisation = normalisation }, SmallClassifier.Colours(SmallClassifier.Identity).Model)).Message);

    [Fact]
    public void What_was_forgotten_keeps_the_probability_that_the_model_gave_it()
    {
        var teacher = Run(Options).Model;
        var given = SmallClassifier.Residual().Model;
        using var with = new TargetSource(new FinetuneOptions { Teacher = teacher, Temperature = 2, Forget = [1] }, given, 3, []);
        using var own = new TargetSource(new FinetuneOptions { Teacher = given, Temperature = 2 }, given, 3, []);
        using var plain = new TargetSource(new FinetuneOptions { Teacher = teacher, Temperature = 2 }, given, 3, []);
        var images = Data().Test!;
        var values = new float[8 * images.ItemLength];
        images.Fill(0, 8, values);
        float[] Targets(TargetSource source)
        {
            var rows = new float[24];
            source.Fill(ItemInputs.Split(images, values, 8), [], rows);
            return rows;
        }
        var (mixed, before, teachers) = (Targets(with), Targets(own), Targets(plain));
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal(before[3 * i + 1], mixed[3 * i + 1], 1e-6);
            Assert.Equal(1, mixed[3 * i] + mixed[3 * i + 1] + mixed[3 * i + 2], 1e-5);
            Assert.Equal(teachers[3 * i] / teachers[3 * i + 2], mixed[3 * i] / mixed[3 * i + 2], 1e-3);
        }
    }
}
