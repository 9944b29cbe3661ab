using System.Numerics.Tensors;
using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Kernels.Moments;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Statistics;

/// <summary>Writes statistics as arrays and a manifest; the same statistics always give the same bytes.</summary>
static class MomentsWriter
{
    /// <summary>Writes the zip.</summary>
    internal static void Write(Stream stream, CalibrationStatistics statistics, string toolVersion)
    {
        using var writer = new NpzWriter(stream);
        writer.AddText(MomentsManifest.FileName, Describe(statistics, toolVersion).ToJson());
        foreach (var (point, i) in statistics.Points.Values.Select((p, i) => (p, i))) Write(writer, $"point{i}", point);
        foreach (var (unit, i) in statistics.Units.Select((u, i) => (u, i))) Write(writer, $"unit{i}", unit);
        if (statistics.Features is not { } features) return;
        Write(writer, "features", features.Sums);
        writer.Add("features.mean", NpyArray.From<double>(features.Features, features.Classes, features.Sums.Outputs));
        writer.Add("features.active", NpyArray.From<float>(features.Active, features.Classes, features.Sums.Outputs, features.Sums.Rows + 1));
    }

    static MomentsManifest Describe(CalibrationStatistics statistics, string toolVersion) => new(
        MomentsManifest.Current, toolVersion, statistics.ModelSha256, statistics.Images,
        Words.Of(statistics.Labels), statistics.ClassCounts, statistics.ClassNames,
        [.. statistics.Points.Values.Select(p => new MomentsManifest.Point(
            p.Id, p.Tensor, p.Channels, [.. p.Features.Select(f => Words.Of(f.Feature))], p.Features[0].Histograms?.Bins ?? 0,
            p.Independence is not null, p.MapDistance is not null))],
        [.. statistics.Units.Select(Describe)], statistics.Skipped, statistics.Features is { } features ? Describe(features.Sums) : null);

    static MomentsManifest.Unit Describe(PackedGrams unit) => new(unit.Node, unit.Groups, unit.Rows, unit.Outputs);

    static void Write(NpzWriter writer, string key, PointStatistics point)
    {
        foreach (var feature in point.Features)
        {
            var (moments, name) = (feature.Moments, $"{key}.{Words.Of(feature.Feature)}");
            var scale = moments.Scale;
            writer.Add($"{name}.counts", NpyArray.From(moments.Counts));
            writer.Add($"{name}.sums", NpyArray.From(moments.PowerSums, moments.Classes + 1, ClassMoments.Powers, moments.Channels));
            writer.Add($"{name}.scale", NpyArray.From<double>([.. scale.Shift, .. scale.Scale, .. scale.Low, .. scale.High], 4, scale.Channels));
            if (feature.Histograms is { } h) writer.Add($"{name}.histogram", Smallest(h.Counts, h.Classes, h.Channels, h.Bins + 2));
        }
        if (point.Independence is { } independence) writer.Add($"{key}.independence", NpyArray.From<double>(independence));
        if (point.MapDistance is { } distance) writer.Add($"{key}.mapdistance", NpyArray.From<double>(distance));
    }

    static void Write(NpzWriter writer, string key, PackedGrams unit)
    {
        writer.Add($"{key}.gram", NpyArray.From<float>(unit.Triangle, unit.Groups, unit.Rows * (unit.Rows + 1) / 2));
        writer.Add($"{key}.sums", NpyArray.From<double>(unit.Sums, unit.Groups, unit.Rows + 1));
        writer.Add($"{key}.cross", NpyArray.From<float>(unit.Cross, unit.Groups, unit.Outputs, unit.Rows));
        writer.Add($"{key}.targets", NpyArray.From<double>(unit.Targets, unit.Groups, unit.Outputs));
        writer.Add($"{key}.power", NpyArray.From<double>(unit.Power, unit.Groups, unit.Outputs));
    }

    // Most bins are empty or small: the narrowest type that holds all counts.
    static NpyArray Smallest(ReadOnlySpan<int> counts, params ReadOnlySpan<int> shape)
    {
        var largest = TensorPrimitives.Max(counts);
        if (largest > ushort.MaxValue) return NpyArray.From(counts, shape);
        if (largest > byte.MaxValue) return NpyArray.From<ushort>(Convert<ushort>(counts), shape);
        return NpyArray.From<byte>(Convert<byte>(counts), shape);
    }

    static T[] Convert<T>(ReadOnlySpan<int> counts) where T : System.Numerics.INumberBase<T>
    {
        var converted = new T[counts.Length];
        TensorPrimitives.ConvertChecked(counts, converted.AsSpan());
        return converted;
    }
}
