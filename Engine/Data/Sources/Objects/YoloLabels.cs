using System.Globalization;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources.Objects;

/// <summary>
/// Objects of one picture as YOLO writes them, a line each: class, then centre and size of the box as shares of the picture's width and
/// height, or the corners of a polygon, whose box is taken. A file without lines is a picture without objects.
/// </summary>
static class YoloLabels
{
    // What is further out than this counts pixels, not shares.
    const double Furthest = 2;

    // Six decimals are usual; a box may stick out by them.
    const double Slack = 0.001;

    /// <summary>Reads a file; boxes are in shares of the picture, and cut to it.</summary>
    /// <exception cref="OnnxEngineException">It cannot be read, or a line is no object (<see cref="ErrorKind.Data"/>).</exception>
    public static IReadOnlyList<LabelledObject> Read(string path, BoxTally boxes)
    {
        List<LabelledObject> objects = [];
        foreach (var (index, line) in DataFiles.Guarded(path, () => File.ReadAllLines(path)).Index())
        {
            if (line.AsSpan().Trim().Length == 0) continue;
            var (number, box) = Parse(line, index + 1, path);
            if (boxes.Within(box, 1, 1, Slack) is { } inner) objects.Add(new LabelledObject(number, inner));
        }
        return objects;
    }

    static (int Class, Box Box) Parse(string line, int number, string path)
    {
        OnnxEngineException Fault(string why) => new(ErrorKind.Data, $"Line {number} of '{path}' is no object (CLASS X Y WIDTH HEIGHT, shares of the picture's size): {why}. It reads '{Shown(line)}'.");
        var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != 5 && (words.Length < 7 || words.Length % 2 == 0)) throw Fault($"it has {words.Length} value{(words.Length == 1 ? "" : "s")}");
        if (!int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var of)) throw Fault("its class is no number from 0 on");
        var values = new double[words.Length - 1];
        for (var i = 0; i < values.Length; i++)
        {
            if (!double.TryParse(words[i + 1], NumberStyles.Float, CultureInfo.InvariantCulture, out values[i]) || !double.IsFinite(values[i])) throw Fault($"'{Shown(words[i + 1])}' is no number");
            if (Math.Abs(values[i]) > Furthest) throw Fault($"{words[i + 1]} is no share; divide by the picture's size");
        }
        if (values is [var x, var y, var width, var height])
            return width < 0 || height < 0 ? throw Fault("its size is below 0") : (of, Box.Around(x, y, width, height));
        var (across, down) = (values.Where((_, i) => i % 2 == 0).ToArray(), values.Where((_, i) => i % 2 == 1).ToArray());
        return (of, new Box(across.Min(), down.Min(), across.Max(), down.Max()));
    }

    static string Shown(string text) => string.Concat((text.Length <= 80 ? text : $"{text[..80]}...").Select(c => char.IsControl(c) ? ' ' : c));
}
