using System.Text.Json;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Pixels;

/// <summary>Reads the preprocessing that model hubs store beside a model.</summary>
internal static class PreprocessorJson
{
    internal static Preprocessing Read(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("pretrained_cfg", out var timm))
                return FromTimm(timm);
            if (root.ValueKind == JsonValueKind.Object && (root.TryGetProperty("image_mean", out _) || root.TryGetProperty("do_normalize", out _)
                || root.TryGetProperty("do_rescale", out _) || root.TryGetProperty("do_resize", out _)))
                return FromHuggingFace(root);
        }
        catch (Exception inner) when (inner is IOException or UnauthorizedAccessException)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"Cannot read '{path}': {inner.Message}", inner);
        }
        catch (Exception inner) when (inner is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' is not a readable preprocessor_config.json: {inner.Message}", inner);
        }

        throw new OnnxEngineException(
            ErrorKind.Data, $"'{path}' holds no image preprocessing (neither image_mean nor pretrained_cfg); give Preprocessing.Mean and Preprocessing.Std instead.");
    }

    static Preprocessing FromHuggingFace(JsonElement root)
    {
        var normalise = Flag(root, "do_normalize", true) && root.TryGetProperty("image_mean", out _);
        var scale = Flag(root, "do_rescale", true) ? Number(root, "rescale_factor") ?? 1 / 255d : 1d;
        var resize = Flag(root, "do_resize", false) ? Size(root, "size") : null;
        var crop = Flag(root, "do_center_crop", false) ? Size(root, "crop_size") : null;
        return new Preprocessing
        {
            Scale = (float)scale,
            Mean = normalise ? Floats(root.GetProperty("image_mean")) : [0],
            Std = normalise && root.TryGetProperty("image_std", out var std) ? Floats(std) : [1],
            Resize = resize is null && crop is null ? null : new ImageResize
            {
                ShortestEdge = resize?.Edge,
                Height = resize?.Height,
                Width = resize?.Width,
                CropHeight = crop?.Height ?? crop?.Edge,
                CropWidth = crop?.Width ?? crop?.Edge,
                Filter = Filter(root),
            },
        };
    }

    static Preprocessing FromTimm(JsonElement config)
    {
        var size = config.TryGetProperty("input_size", out var input) ? input.EnumerateArray().Select(value => value.GetInt32()).ToArray() : null;
        var edge = size is { Length: 3 } ? (int?)Math.Floor(size[1] / (Number(config, "crop_pct") ?? 0.875)) : null;
        return new Preprocessing
        {
            Mean = config.TryGetProperty("mean", out var mean) ? Floats(mean) : null,
            Std = config.TryGetProperty("std", out var std) ? Floats(std) : null,
            Resize = edge is null ? null : new ImageResize
            {
                ShortestEdge = edge,
                CropHeight = size![1],
                CropWidth = size[2],
                Filter = config.TryGetProperty("interpolation", out var filter) && filter.GetString() == "bicubic"
                    ? Resampling.Bicubic
                    : Resampling.Bilinear,
            },
        };
    }

    /// <summary>A size is a number (the shorter edge), {"shortest_edge": n} or {"height": h, "width": w}.</summary>
    static (int? Edge, int? Height, int? Width)? Size(JsonElement root, string name)
    {
        if (!root.TryGetProperty(name, out var size))
            return null;
        if (size.ValueKind == JsonValueKind.Number)
            return (size.GetInt32(), null, null);
        if (size.TryGetProperty("shortest_edge", out var edge))
            return (edge.GetInt32(), null, null);
        return (null, size.GetProperty("height").GetInt32(), size.GetProperty("width").GetInt32());
    }

    static Resampling Filter(JsonElement root)
    {
        var filter = (Resampling)(int)(Number(root, "resample") ?? (int)Resampling.Bilinear);
        return Enum.IsDefined(filter) ? filter : throw new FormatException($"resample {(int)filter} is no known filter (0 to 4).");
    }

    static bool Flag(JsonElement root, string name, bool otherwise) =>
        root.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : otherwise;

    static double? Number(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    static float[] Floats(JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetSingle())];
}
