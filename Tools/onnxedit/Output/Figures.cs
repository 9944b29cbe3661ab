using System.Globalization;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>How numbers are written, the same in every table.</summary>
static class Figures
{
    /// <summary>A fraction as percent with two decimals, without the sign: 0.9136 is "91.36".</summary>
    internal static string Percent(double fraction) => double.IsNaN(fraction) ? "-" : (fraction * 100).ToString("F2", CultureInfo.InvariantCulture);

    /// <summary>A whole number with thousands separated.</summary>
    internal static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Milliseconds with three significant digits or more.</summary>
    internal static string Milliseconds(double milliseconds) =>
        milliseconds.ToString(milliseconds < 1 ? "F3" : milliseconds < 100 ? "F2" : "F0", CultureInfo.InvariantCulture);

    /// <summary>A ratio: "1.49x".</summary>
    internal static string Ratio(double ratio) => ratio.ToString("F2", CultureInfo.InvariantCulture) + "x";

    /// <summary>A number with two decimals.</summary>
    internal static string Plain(double number) => number.ToString("F2", CultureInfo.InvariantCulture);

    /// <summary>A list of numbers as an option takes it.</summary>
    internal static string List(IEnumerable<float> numbers) => string.Join(',', numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)));

    /// <summary>A normalisation as the options that give it.</summary>
    internal static string Options(Preprocessing preprocessing)
    {
        List<string> words = [];
        if (preprocessing.Scale != 1 / 255f) words.Add($"--scale {preprocessing.Scale.ToString(CultureInfo.InvariantCulture)}");
        if (preprocessing.Mean is { } mean) words.Add($"--mean {List(mean)}");
        if (preprocessing.Std is { } std) words.Add($"--std {List(std)}");
        if (preprocessing.Bgr) words.Add("--bgr");
        if (preprocessing.Layout is { } layout) words.Add($"--layout {Words.Of(layout)}");
        if (preprocessing.Resize is { } resize) words.Add(Resize(resize));
        return string.Join(' ', words);
    }

    // Not every resize that a file can ask for has an option of its own.
    static string Resize(ImageResize resize) => resize switch
    {
        { Filter: not Resampling.Bilinear } => "--preprocess FILE",
        { Height: { } height, Width: { } width, CropHeight: null, CropWidth: null } => FormattableString.Invariant($"--resize {(resize.Pad ? "pad:" : "")}{height}x{width}"),
        { ShortestEdge: { } edge, CropHeight: null, CropWidth: null } => FormattableString.Invariant($"--resize {edge}"),
        { ShortestEdge: { } edge, CropHeight: { } crop } when crop == resize.CropWidth => FormattableString.Invariant($"--resize {edge}:{crop}"),
        _ => "--preprocess FILE",
    };
}
