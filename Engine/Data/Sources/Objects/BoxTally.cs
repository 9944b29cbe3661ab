using OnnxEdit.Engine.Data.Targets;

namespace OnnxEdit.Engine.Data.Sources.Objects;

/// <summary>Cuts boxes to their pictures and counts what it did, for the reader.</summary>
sealed class BoxTally
{
    int _cut, _empty;

    /// <summary>What of a box lies in the picture; null: nothing.</summary>
    /// <param name="box">The box.</param>
    /// <param name="width">Width of the picture in the box's unit.</param>
    /// <param name="height">Its height.</param>
    /// <param name="slack">What a box may stick out by rounding.</param>
    public Box? Within(Box box, double width, double height, double slack)
    {
        var inner = box.Cut(width, height);
        if (inner.IsEmpty)
        {
            _empty++;
            return null;
        }
        if (box.Left < -slack || box.Top < -slack || box.Right > width + slack || box.Bottom > height + slack) _cut++;
        return inner;
    }

    /// <summary>What is to be said of it.</summary>
    public IEnumerable<string> Remarks()
    {
        if (_cut > 0) yield return $"{Boxes(_cut)} cut to the picture";
        if (_empty > 0) yield return $"{Boxes(_empty)} without any area in the picture left out";
    }

    static string Boxes(int count) => FormattableString.Invariant($"{count:N0} box{(count == 1 ? "" : "es")}");
}
