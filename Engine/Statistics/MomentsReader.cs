using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Kernels;
using OnnxEdit.Kernels.Moments;
using OnnxEdit.Kernels.Sketches;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Statistics;

/// <summary>Reads what <see cref="MomentsWriter"/> wrote, checking every array against the manifest.</summary>
sealed class MomentsReader(NpzFile file, MomentsManifest manifest, string path)
{
    /// <summary>Reads everything.</summary>
    /// <exception cref="OnnxEngineException">An array is missing, damaged or of another shape.</exception>
    internal CalibrationStatistics Read()
    {
        try
        {
            var points = new OrderedDictionary<string, PointStatistics>();
            foreach (var (point, i) in manifest.Points.Select((p, i) => (p, i)))
                if (!points.TryAdd(point.Tensor, Read(point, $"point{i}"))) throw Damaged($"two points have the tensor '{point.Tensor}'");
            if (manifest.Units.DistinctBy(u => u.Node).Count() != manifest.Units.Count) throw Damaged("two units have the same node");
            return new CalibrationStatistics(points, [.. manifest.Units.Select((u, i) => Read(u, $"unit{i}"))])
            {
                ModelSha256 = manifest.ModelSha256,
                Images = manifest.Images,
                ClassCounts = manifest.ClassCounts,
                ClassNames = manifest.ClassNames,
                Labels = Words.Find<LabelSource>(manifest.Labels) ?? throw Damaged($"labels come from '{manifest.Labels}'"),
                Skipped = manifest.Skipped,
                Features = manifest.Features is { } features ? ReadFeatures(features) : null,
            };
        }
        catch (OnnxKernelException inner)
        {
            throw Damaged(inner.Message, inner);
        }
    }

    PointStatistics Read(MomentsManifest.Point point, string key)
    {
        if (point.Features.Count == 0 || point.Channels < 1 || point.Bins < 0) throw Damaged($"{key} is described wrongly");
        return new PointStatistics(
            point.Id, point.Tensor, [.. point.Features.Select(f => Read(point, f, $"{key}.{f}"))],
            point.Independence ? Doubles($"{key}.independence", point.Channels) : null,
            point.MapDistance ? Doubles($"{key}.mapdistance", point.Channels) : null);
    }

    FeatureStatistics Read(MomentsManifest.Point point, string feature, string key)
    {
        var (classes, channels) = (manifest.ClassCounts.Count, point.Channels);
        var which = Words.Find<PooledFeature>(feature) ?? throw Damaged($"{key} is no known feature");
        var constants = Doubles($"{key}.scale", 4, channels);
        double[] Part(int i) => constants[(i * channels)..((i + 1) * channels)];
        var scale = new FeatureScale(Part(0), Part(1), Part(2), Part(3));
        var counts = Array($"{key}.counts", "i8", classes + 1).ToInt64s();
        if (counts.Any(n => n < 0)) throw Damaged($"{key}.counts has a negative count");
        var moments = new ClassMoments(classes, scale, counts, Doubles($"{key}.sums", classes + 1, ClassMoments.Powers, channels));
        if (point.Bins == 0) return new FeatureStatistics(which, moments, null);
        var bins = Array($"{key}.histogram", null, classes, channels, point.Bins + 2).ToInt64s();
        if (bins.Any(n => n is < 0 or > int.MaxValue)) throw Damaged($"{key}.histogram has counts out of range");
        return new FeatureStatistics(which, moments, new ClassHistograms(classes, scale, point.Bins, System.Array.ConvertAll(bins, n => (int)n)));
    }

    PackedGrams Read(MomentsManifest.Unit unit, string key)
    {
        var (groups, k, m) = (unit.Groups, unit.Rows, unit.Outputs);
        if (groups < 1 || k is < 1 or > 1 << 15 || m < 1) throw Damaged($"{key} is described wrongly");
        return new PackedGrams(
            unit.Node, groups, k, m,
            Singles($"{key}.gram", groups, k * (k + 1) / 2), Doubles($"{key}.sums", groups, k + 1), Singles($"{key}.cross", groups, m, k),
            Doubles($"{key}.targets", groups, m), Doubles($"{key}.power", groups, m));
    }

    FeatureSums ReadFeatures(MomentsManifest.Unit unit)
    {
        if (unit.Groups != manifest.ClassCounts.Count || unit.Rows is < 1 or > 1 << 15 || unit.Outputs < 1
            || FeatureSums.Bytes(unit.Groups, unit.Outputs, unit.Rows) > FeatureSums.MostBytes) throw Damaged("features is described wrongly");
        return new FeatureSums(Read(unit, "features"), Doubles("features.mean", unit.Groups, unit.Outputs), Singles("features.active", unit.Groups, unit.Outputs, unit.Rows + 1));
    }

    double[] Doubles(string key, params int[] shape)
    {
        var values = Array(key, "f8", shape).ToDoubles();
        return System.Array.TrueForAll(values, double.IsFinite) ? values : throw Damaged($"{key} holds values that are not finite");
    }

    float[] Singles(string key, params int[] shape)
    {
        var values = Array(key, "f4", shape).ToSingles();
        return System.Array.TrueForAll(values, float.IsFinite) ? values : throw Damaged($"{key} holds values that are not finite");
    }

    NpyArray Array(string key, string? type, params int[] shape)
    {
        var array = file.Read(key);
        return array.Shape.SequenceEqual(shape) && (type is null ? NpyElements.IsInteger(array.Type) : array.Type == type)
            ? array
            : throw Damaged($"{key} is {array.Type} [{string.Join(',', array.Shape)}] where {type ?? "whole numbers"} [{string.Join(',', shape)}] should be");
    }

    OnnxEngineException Damaged(string what, Exception? inner = null) =>
        new(ErrorKind.Data, $"'{path}' is damaged: {what.TrimEnd('.')}; write it again with MomentsBundle.Write.", inner);
}
