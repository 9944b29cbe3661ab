using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Pixels;

/// <summary>The input value of each pixel value: a normalisation, worked out once.</summary>
static class PixelTable
{
    /// <summary>x = (pixel * scale - mean) / std for every pixel value and channel, rounded once: 256 values per channel.</summary>
    /// <exception cref="OnnxEngineException">Means or deviations do not fit the channels (<see cref="ErrorKind.Data"/>).</exception>
    internal static float[] Of(Preprocessing preprocessing, int channels)
    {
        var (mean, std) = (PerChannel(preprocessing.Mean, 0, "means", channels), PerChannel(preprocessing.Std, 1, "standard deviations", channels));
        if (std.Any(value => value <= 0))
            throw new OnnxEngineException(ErrorKind.Data, "A standard deviation must be greater than 0.");
        var values = new float[256 * channels];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)((((i % 256) * (double)preprocessing.Scale) - mean[i / 256]) / std[i / 256]);
        return values;
    }

    static IReadOnlyList<float> PerChannel(IReadOnlyList<float>? given, float otherwise, string what, int channels) => (given?.Count ?? 1) switch
    {
        1 => [.. Enumerable.Repeat(given?[0] ?? otherwise, channels)],
        var count when count == channels => given!,
        var count => throw new OnnxEngineException(ErrorKind.Data, $"{count} {what} are given but the model's input has {channels} channels; give 1 or {channels}."),
    };
}
