using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Tasks;

/// <summary>
/// Times models as they would be used, two of them in turns (A B, B A, A B ...): a machine that slows down or speeds up
/// meanwhile changes both alike.
/// </summary>
public static class LatencyComparison
{
    /// <summary>Times one model, or two against each other, on made-up inputs.</summary>
    /// <param name="first">The model, or the one to compare with.</param>
    /// <param name="second">The other model; null: only the first is timed.</param>
    /// <param name="options">Batch sizes, threads and how long; null: defaults.</param>
    /// <param name="progress">Told how far each batch size has come, in thousandths.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <returns>One result per batch size that the models run at; the first one must run.</returns>
    /// <exception cref="OnnxEngineException">A model cannot be loaded or run, or the two insist on different batch sizes.</exception>
    public static IReadOnlyList<LatencyResult> Measure(
        OnnxModel first,
        OnnxModel? second = null,
        LatencyOptions? options = null,
        IProgress<WorkProgress>? progress = null,
        CancellationToken cancellation = default) => Measure(first.Proto, second?.Proto, options, progress, cancellation);

    /// <summary>The same on graphs that are no models of their own yet.</summary>
    /// <inheritdoc cref="Measure(OnnxModel, OnnxModel?, LatencyOptions?, IProgress{WorkProgress}?, CancellationToken)"/>
    internal static IReadOnlyList<LatencyResult> Measure(
        ModelProto first, ModelProto? second = null, LatencyOptions? options = null, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new LatencyOptions();
        using var execution = ExecutionOptions.Enter(options.Execution);
        HeapRoom.Make();
        List<LatencyResult> results = [];
        foreach (var batch in BatchSizes(first, second, options))
        {
            if (results is [.., var last] && last.First.Median / last.Batch * batch > options.LongestMilliseconds) break;
            try
            {
                results.Add(MeasureBatch(first, second, batch, options, progress, cancellation));
            }
            catch (OnnxEngineException) when (batch > 1 && results.Count > 0 && !cancellation.IsCancellationRequested)
            {
                // An open first dimension is not always a batch; what ran at another size has its time.
            }
        }
        return results;
    }

    /// <summary>Whether a model insists on a batch size, at which it is then timed whatever is asked for.</summary>
    public static bool HasFixedBatch(OnnxModel model) => LatencySession.FixedBatch(model.Proto) is not null;

    static LatencyResult MeasureBatch(
        ModelProto first, ModelProto? second, int batch, LatencyOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        try
        {
            using var a = new LatencySession(first, batch, options);
            using var b = second is null ? null : new LatencySession(second, batch, options);
            a.WarmUp(cancellation);
            b?.WarmUp(cancellation);
            return MeasurePairs(a, b, batch, options, progress, cancellation);
        }
        catch (OnnxRuntimeException inner)
        {
            throw new OnnxEngineException(
                ErrorKind.Model, $"The model cannot be timed at batch {batch}: {OrtFailure.Reason(inner)}", inner);
        }
    }

    static LatencyResult MeasurePairs(
        LatencySession a, LatencySession? b, int batch, LatencyOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        List<double> timesA = [], timesB = [];
        var models = b is null ? 1 : 2;
        var watch = Stopwatch.StartNew();
        var stage = $"timing batch {batch}";
        var seconds = options.MinimumSeconds * models;
        while (timesA.Count < 3 || watch.Elapsed.TotalSeconds < options.MaximumSeconds * models)
        {
            cancellation.ThrowIfCancellationRequested();
            var isBFirst = b is not null && timesA.Count % 2 == 1;
            if (isBFirst) timesB.Add(b!.Measure());
            timesA.Add(a.Measure());
            if (b is not null && !isBFirst) timesB.Add(b.Measure());
            var done = Math.Min(watch.Elapsed.TotalSeconds / seconds, (double)timesA.Count / options.MinimumPairs);
            progress?.Report(new WorkProgress(stage, (long)Math.Min(1000, 1000 * done), 1000));
            if (done >= 1 || (options.Precision > 0 && timesA.Count >= options.MinimumPairs && HalfWidth(b is null ? timesA : Ratios(timesA, timesB)) <= options.Precision)) break;
        }

        return new LatencyResult
        {
            Batch = batch,
            Pairs = timesA.Count,
            First = Quartiles.Of(timesA),
            FirstTimes = timesA,
            SecondTimes = timesB,
            Second = b is null ? null : Quartiles.Of(timesB),
            SpeedUp = b is null ? null : Quartiles.Of(Ratios(timesA, timesB)),
        };
    }

    static IEnumerable<double> Ratios(List<double> timesA, List<double> timesB) => timesA.Zip(timesB, (timeA, timeB) => timeA / timeB);

    // See LatencyOptions.Precision.
    static double HalfWidth(IEnumerable<double> values)
    {
        double[] all = [.. values];
        var quartiles = Quartiles.Of(all);
        return 1.57 * (quartiles.Upper - quartiles.Lower) / Math.Sqrt(all.Length) / quartiles.Median;
    }

    static IReadOnlyList<int> BatchSizes(ModelProto first, ModelProto? second, LatencyOptions options)
    {
        int? a = LatencySession.FixedBatch(first), b = second is null ? null : LatencySession.FixedBatch(second);
        if (a is not null && b is not null && a != b)
            throw new OnnxEngineException(
                ErrorKind.Model, $"The models have fixed batch sizes {a} and {b}, so their times cannot be compared; export both with the same one.");
        return (a ?? b) is { } batch ? [batch] : options.BatchSizes;
    }
}
