using Google.Protobuf;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Finetuning;
using OnnxEdit.Engine.Training;
using OnnxEdit.Engine.Training.Rules;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class FinetuneCheckpointTests
{
    static readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    static FinetuneOptions Options => new() { Steps = 40, Batch = 16, Looks = 4, Optimiser = FinetuneOptimiser.Sgd, StepSize = 0.01, WarmUp = 0.2, Flip = true, Shift = 1, Averaging = 0.9, Seed = 3 };

    static FinetuneResult Run(FinetuneOptions options, CancellationToken? cancellation = null)
    {
        var all = SmallClassifier.Images(360);
        ItemSet Part(int from, int to) => all.Select([.. Enumerable.Range(from, to - from)]);
        return Finetuner.Finetune(
            SmallClassifier.Residual().Model, new ModelData("made up") { Train = Part(0, 240), Validation = Part(240, 360) }, options, null, cancellation ?? _cancellation);
    }

    // Ends after some steps, as Ctrl-C would, and returns the checkpoint as it comes back from a file.
    static FinetuneCheckpoint Interrupted(FinetuneOptions options, int steps)
    {
        var path = Path.GetTempFileName();
        try
        {
            using var source = new CancellationTokenSource();
            var count = 0;
            var report = Run(
                options with
                {
                    CheckpointEvery = TimeSpan.Zero,
                    Checkpoint = c =>
                    {
                        c.Save(path);
                        if (++count == steps) source.Cancel();
                    },
                },
                source.Token).Report;
            Assert.Equal((FinetuneEnd.Cancelled, steps), (report.End, report.Steps));
            return FinetuneCheckpoint.Load(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData(FinetuneOptimiser.Sgd, FinetuneNormalisation.Frozen, 1)]
    [InlineData(FinetuneOptimiser.Sgd, FinetuneNormalisation.Train, 17)]
    [InlineData(FinetuneOptimiser.Adam, FinetuneNormalisation.Frozen, 39)]
    [InlineData(FinetuneOptimiser.Muon, FinetuneNormalisation.Frozen, 20)]
    public void Going_on_gives_the_same_bytes_as_never_stopping(FinetuneOptimiser optimiser, FinetuneNormalisation normalisation, int steps)
    {
        var options = Options with { Optimiser = optimiser, Normalisation = normalisation };
        var whole = Run(options);
        var resumed = Run(options with { Resume = Interrupted(options, steps) });
        Assert.Equal(whole.Report.Curve, resumed.Report.Curve);
        Assert.Equal(whole.Model.Proto.ToByteArray(), resumed.Model.Proto.ToByteArray());
    }

    [Fact]
    public void A_checkpoint_of_another_training_is_refused()
    {
        var checkpoint = Interrupted(Options, 5);
        string Refused(FinetuneOptions options) => Assert.Throws<OnnxEngineException>(() => Run(options with { Resume = checkpoint })).Message;
        Assert.Equal("The checkpoint is of another training: its step-size is 0.01, here it is 0.02. Give the model, data and options that it was written with.", Refused(Options with { StepSize = 0.02 }));
        Assert.Contains("its seed is 3, here it is 4", Refused(Options with { Seed = 4 }));
        Assert.Contains("its steps is 40, here it is 50", Refused(Options with { Steps = 50 }));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(2000)]
    public void A_file_that_is_none_is_refused(int length)
    {
        var path = Path.GetTempFileName();
        var bytes = new byte[length];
        new Random(1).NextBytes(bytes);
        File.WriteAllBytes(path, bytes);
        Assert.Contains("is no checkpoint that can be read", Assert.Throws<OnnxEngineException>(() => FinetuneCheckpoint.Load(path)).Message);
        File.Delete(path);
    }

    [Fact]
    public void A_file_cut_short_is_refused()
    {
        var path = Path.GetTempFileName();
        Interrupted(Options, 1).Save(path);
        var whole = File.ReadAllBytes(path);
        File.WriteAllBytes(path, whole[..(whole.Length / 2)]);
        Assert.Contains("is no checkpoint that can be read", Assert.Throws<OnnxEngineException>(() => FinetuneCheckpoint.Load(path)).Message);
        File.Delete(path);
    }
}
