using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks.Kinds;

namespace OnnxEdit.Engine.Tasks.Detection;

/// <summary>Objects that are told apart already, a row for each: left, top, right, bottom, score and class; rows that are not needed have a score of 0.</summary>
/// <param name="tensor">The output.</param>
/// <param name="classes">Number of classes, where it is known.</param>
sealed class RowHead(string tensor, int? classes) : DetectorHead([tensor], "a list of objects (left, top, right, bottom, score, class)", classes)
{
    /// <summary>Numbers of a row.</summary>
    internal const int Width = 6;

    public override bool NeedsSuppression => false;

    public override List<DetectedBox> Read(IReadOnlyList<ItemOutput> outputs, InputSize size, float least)
    {
        var extents = Extents(outputs[0], 2);
        if (extents.Length != 2 || extents[1] != Width) throw Unfit($"has the shape [{string.Join(',', outputs[0].Shape)}] for a picture");
        List<DetectedBox> found = [];
        foreach (var row in outputs[0].Values.Chunk(Width))
        {
            CheckScores(row[4], row[4]);
            if (row[4] < least) continue;
            if (row[5] < 0 || row[5] != MathF.Floor(row[5])) throw Unfit(FormattableString.Invariant($"holds the class {row[5]}; say with EvaluationOptions.Task what the model is if it is no detector"));
            found.Add(new DetectedBox((int)row[5], row[4], new Box(row[0], row[1], row[2], row[3])));
        }
        BoxUnits.ToPixels(found, size);
        return found;
    }
}
