using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Pixels;

/// <summary>How 8-bit pixels become model inputs: x = (pixel * scale - mean) / std. Arrays of floats are taken as they are.</summary>
public sealed record Preprocessing
{
    /// <summary>Factor on the pixel value 0..255.</summary>
    public float Scale { get; init; } = 1 / 255f;

    /// <summary>Means on the scaled range, one value or one per channel in the model's channel order (blue first with <see cref="Bgr"/>); null: not given.</summary>
    public IReadOnlyList<float>? Mean { get; init; }

    /// <summary>Standard deviations on the scaled range, one value or one per channel; null: not given.</summary>
    public IReadOnlyList<float>? Std { get; init; }

    /// <summary>Whether the model wants blue first.</summary>
    public bool Bgr { get; init; }

    /// <summary>Where the model's channel axis stands; null: as its input shape suggests.</summary>
    public PixelLayout? Layout { get; init; }

    /// <summary>How images of another size are fitted; null: they are refused.</summary>
    public ImageResize? Resize { get; init; }

    /// <summary>Whether a normalisation has been chosen: a mean, a deviation, or both.</summary>
    public bool IsNormalised => Mean is not null || Std is not null;

    /// <summary>No change at all: pixels 0..255 as the numbers they are.</summary>
    public static Preprocessing Raw { get; } = new() { Scale = 1, Mean = [0], Std = [1] };

    /// <summary>Reads a Hugging Face preprocessor_config.json (or a timm config.json with a pretrained_cfg).</summary>
    /// <exception cref="OnnxEngineException">The file is missing or says something else (<see cref="ErrorKind.Data"/>).</exception>
    public static Preprocessing FromHuggingFaceJson(string path) => PreprocessorJson.Read(path);

    /// <summary>Normalisations found in the wild for images with this many channels, the likeliest first, each with a short name.</summary>
    public static IReadOnlyList<(string Name, Preprocessing Preprocessing)> KnownVariants(int channels) =>
        PreprocessingVariants.For(channels);
}
