using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.Sketches;

namespace OnnxEdit.Benchmarks;

/// <summary>
/// Throughput of one-pass pooled moments as a share of what the memory can deliver to plain reads by as many
/// threads. Both read the same buffer, larger than four last-level caches, in turns, so that other load on the
/// machine meets both alike; the median of the ratios is reported.
/// </summary>
public static class MomentsBandwidth
{
    const double Target = 0.6;
    const int Repetitions = 15, Warmups = 5;
    const long BatchBytes = 8 << 20;

    /// <summary>Prints a table; the only argument is the number of threads (default: one per processor).</summary>
    /// <returns>0 if the median shape with at least 49 positions reaches 60 % of the read bandwidth, else 1.</returns>
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        var threads = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : Environment.ProcessorCount;
        var cache = LastLevelCacheBytes();
        var floats = (long)(4.5 * cache / sizeof(float));
        Console.WriteLine($"threads {threads}, L3 {cache >> 20} MiB, buffer {floats * sizeof(float) >> 20} MiB, vectors of {Vector<float>.Count} floats, median of {Repetitions}");
        Console.WriteLine($"{"GB/s and share of reading",-24}{"read",10}{"pool",14}{"",7}{"+ moments",14}{"",7}{"+ histograms",14}");
        ActivationShape[] shapes =
        [
            new(0, 64, 1024), new(0, 256, 196), new(0, 64, 64), new(0, 512, 49), new(0, 512, 16),
            new(0, 64, 1024, ActivationLayout.ChannelsLast), new(0, 768, 197, ActivationLayout.ChannelsLast),
        ];
        var ratios = new List<double>();
        foreach (var shape in shapes)
        {
            var ratio = Measure(shape with { Images = (int)(floats / shape.Channels / shape.Positions) }, threads);
            if (shape.Positions >= 49)
                ratios.Add(ratio);
        }
        var typical = Median(ratios);
        Console.WriteLine($"pooling and moments, median over maps of at least 49 positions: {typical:P0} of the read bandwidth (target {Target:P0})");
        return typical >= Target ? 0 : 1;
    }

    static double Measure(ActivationShape shape, int threads)
    {
        var activations = GC.AllocateUninitializedArray<float>((int)shape.Length, pinned: true);
        for (var i = 0; i < activations.Length; i++)
            activations[i] = (i * 2654435761u & 0xFFFF) / 65536f - 0.25f;
        const int classes = 10;
        int[] labels = [.. Enumerable.Range(0, shape.Images).Select(i => i % classes)];
        using var backend = new SimdBackend(threads);

        // As in use: batch by batch, so that the pooled features stay in the cache until they are accumulated.
        var batch = shape with { Images = Math.Max(1, (int)(BatchBytes / sizeof(float) / shape.Channels / shape.Positions)) };
        var pooled = new PooledFeatures(batch.Images, batch.Channels);
        LayerStatistics moments = Open(0), all = Open(ClassHistograms.DefaultBins);
        double[] read = new double[Repetitions], pool = new double[Repetitions];
        double[] withMoments = new double[Repetitions], withHistograms = new double[Repetitions];
        for (var r = -Warmups; r < Repetitions; r++)
        {
            var slot = Math.Max(r, 0);
            read[slot] = Seconds(() => Read(activations, threads));
            pool[slot] = Seconds(() => Each((values, _) => backend.Pool(values, batch, pooled)));
            withMoments[slot] = Seconds(() => Each((values, classLabels) => moments.Add(values, batch, classLabels)));
            withHistograms[slot] = Seconds(() => Each((values, classLabels) => all.Add(values, batch, classLabels)));
        }
        var gigabytes = shape.Length * sizeof(float) / 1e9;
        var name = $"{shape.Images}x{(shape.Layout == ActivationLayout.ChannelsFirst ? $"{shape.Channels}x{shape.Positions} NCS" : $"{shape.Positions}x{shape.Channels} NSC")}";
        Console.WriteLine(
            $"{name,-24}{gigabytes / Median(read),10:F1}{Cell(pool)}{Cell(withMoments)}{Cell(withHistograms)}");
        return Ratio(withMoments);

        double Ratio(double[] seconds) => Median(read.Zip(seconds, (a, b) => a / b));

        string Cell(double[] seconds) => $"{gigabytes / Median(seconds),14:F1}{Ratio(seconds),7:F2}";

        LayerStatistics Open(int bins)
        {
            var statistics = new LayerStatistics(
                shape.Channels, classes, backend, new LayerStatisticsOptions { Bins = bins, PilotImages = 1 });
            statistics.Add(activations.AsSpan(0, (int)batch.Length), batch, labels.AsSpan(0, batch.Images));
            return statistics;
        }

        void Each(BatchAction action)
        {
            for (var image = 0; image + batch.Images <= shape.Images; image += batch.Images)
                action(
                    activations.AsSpan(image * shape.Channels * shape.Positions, (int)batch.Length),
                    labels.AsSpan(image, batch.Images));
        }
    }

    delegate void BatchAction(ReadOnlySpan<float> activations, ReadOnlySpan<int> labels);

    /// <summary>Adds up the buffer as integers, eight independent sums per thread: as little work as a read can be.</summary>
    static void Read(float[] buffer, int threads)
    {
        // Many pieces per thread, as the pooling has, so that both suffer alike when a core is taken away.
        var pieces = 64 * threads;
        var totals = new long[pieces];
        Parallel.For(0, pieces, new ParallelOptions { MaxDegreeOfParallelism = threads }, piece =>
        {
            int from = (int)((long)buffer.Length * piece / pieces), to = (int)((long)buffer.Length * (piece + 1) / pieces);
            var vectors = MemoryMarshal.Cast<float, Vector<long>>(buffer.AsSpan(from, to - from));
            Vector<long> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
            for (var i = 0; i + 8 <= vectors.Length; i += 8)
            {
                a += vectors[i];
                b += vectors[i + 1];
                c += vectors[i + 2];
                d += vectors[i + 3];
                e += vectors[i + 4];
                f += vectors[i + 5];
                g += vectors[i + 6];
                h += vectors[i + 7];
            }
            totals[piece] = Vector.Sum(a + b + (c + d) + (e + f + (g + h)));
        });
        GC.KeepAlive(totals);
    }

    static double Seconds(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    static long LastLevelCacheBytes()
    {
        const string path = "/sys/devices/system/cpu/cpu0/cache/index3/size";
        if (!File.Exists(path))
            return 64L << 20;
        var text = File.ReadAllText(path).Trim();
        var unit = text.EndsWith('K') ? 10 : text.EndsWith('M') ? 20 : 0;
        return long.TryParse(text.TrimEnd('K', 'M'), CultureInfo.InvariantCulture, out var size) ? size << unit : 64L << 20;
    }
}
