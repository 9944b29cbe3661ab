using System.Numerics.Tensors;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Engine.Tasks.OwnAnswers;

namespace OnnxEdit.Engine.Tasks.Detection;

/// <summary>
/// One or three answers for every cell of some maps: centre and size of a box, maybe whether there is any object, and the
/// probability of each class (YOLOv5 to 11, YOLOX and relatives). An answer is a row of the output or, with the axes the other way round, a column.
/// </summary>
/// <param name="tensor">The output.</param>
/// <param name="said">What it holds.</param>
/// <param name="classes">Number of classes.</param>
/// <param name="hasObjectness">Whether a fifth number, before the classes, says how sure it is that there is anything.</param>
/// <param name="isByColumns">Whether answers are columns.</param>
/// <param name="others">Further numbers of an answer, behind the classes, that are not read (coefficients of masks).</param>
sealed class GridHead(string tensor, string said, int classes, bool hasObjectness, bool isByColumns, int others) : DetectorHead([tensor], said, classes)
{
    readonly int _classes = classes, _first = hasObjectness ? 5 : 4, _width = (hasObjectness ? 5 : 4) + classes + others;

    public override bool NeedsSuppression => true;

    public override (int Axis, int From)? Border => (isByColumns ? 0 : 1, 4);

    public override List<DetectedBox> Read(IReadOnlyList<ItemOutput> outputs, InputSize size, float least)
    {
        var extents = Extents(outputs[0], 2);
        if (extents.Length != 2 || extents[isByColumns ? 0 : 1] != _width) throw Unfit($"has the shape [{string.Join(',', outputs[0].Shape)}] for a picture");
        var count = extents[isByColumns ? 1 : 0];
        var perCell = size.Strides(count, 1) is null ? 3 : 1;
        var strides = size.Strides(count, perCell) ?? throw Unfit($"has {count} answers, which are not those of maps of 8, 16 and 32 pixels for an input of {size.Height}x{size.Width}");
        var rows = isByColumns ? Turned(outputs[0].Values, count) : outputs[0].Values;
        var boxes = Boxes(rows, size, strides, perCell);
        List<DetectedBox> found = [];
        for (var i = 0; i < count; i++)
        {
            var scores = rows.AsSpan(i * _width + 4, _first - 4 + _classes);
            CheckScores(TensorPrimitives.Min<float>(scores), TensorPrimitives.Max<float>(scores));
            var sure = hasObjectness ? scores[0] : 1;
            if (sure < least) continue;
            for (var c = 0; c < _classes; c++)
                if (sure * scores[_first - 4 + c] is var score && score >= least) found.Add(new DetectedBox(c, score, boxes[i]));
        }
        if (found.Exists(d => !double.IsFinite(d.Box.Left + d.Box.Top + d.Box.Right + d.Box.Bottom)))
            throw Unfit("holds boxes that are not finite; the model's weights or the data hold values it cannot work with");
        return found;
    }

    /// <inheritdoc/>
    public override TaskAnswer Answer() => new WeightedAnswer(
        "score", FormattableString.Invariant($"score of what the model itself finds by {DetectionAgreement.Sure} and more ('{Tensors[0]}'), as a share of its own score; 1 for the model as it is, 0 where it finds nothing"), Tensors[0], ScoreWeights);

    // The product of all scores with the own ones that are sure, over the square of these. Where a score is a product itself, half of it is read
    // with the one factor as it was and half with the other.
    float[] ScoreWeights(float[] values)
    {
        var (weights, count, square) = (new float[values.Length], values.Length / _width, 0.0);
        for (var i = 0; i < count; i++)
        {
            var sure = hasObjectness ? values[At(i, 4, count)] : 1;
            CheckScores(sure, sure);
            for (var c = 0; c < _classes; c++)
            {
                var (at, objectness) = (At(i, _first + c, count), At(i, 4, count));
                CheckScores(values[at], values[at]);
                var score = sure * values[at];
                if (score < DetectionAgreement.Sure) continue;
                square += (double)score * score;
                weights[at] = hasObjectness ? score * sure / 2 : score;
                if (hasObjectness) weights[objectness] += score * values[at] / 2;
            }
        }
        return square == 0 ? weights : Array.ConvertAll(weights, weight => (float)(weight / square));
    }

    int At(int answer, int number, int count) => isByColumns ? number * count + answer : answer * _width + number;

    float[] Turned(float[] columns, int count)
    {
        var rows = new float[columns.Length];
        for (var n = 0; n < _width; n++)
            for (var i = 0; i < count; i++) rows[i * _width + n] = columns[n * count + i];
        return rows;
    }

    // YOLOX is exported before its boxes are made: a centre is then counted in cells from its own cell, and sizes are logarithms.
    // The same shape may hold boxes in pixels. Boxes lie about the cells that answer for them, so the reading that brings them
    // nearer is the right one; the other is off by half a picture.
    Box[] Boxes(float[] rows, InputSize size, int[] strides, int perCell)
    {
        var cells = size.Cells(strides, perCell).ToArray();
        var boxes = new Box[cells.Length];
        var isRaw = hasObjectness && perCell == 1 && cells.Index().Sum(c => Distance(Raw(c.Index), c.Item)) < cells.Index().Sum(c => Distance(Plain(c.Index), c.Item));
        var largest = isRaw ? 0 : Enumerable.Range(0, cells.Length).Max(i => (double)TensorPrimitives.MaxMagnitude<float>(rows.AsSpan(i * _width, 4)));
        var (x, y) = BoxUnits.Factors(Math.Abs(largest), size);
        for (var i = 0; i < boxes.Length; i++)
        {
            var (centre, width, height) = (isRaw ? Raw(i) : Plain(i), rows[i * _width + 2], rows[i * _width + 3]);
            boxes[i] = isRaw ? Box.Around(centre.X, centre.Y, Math.Exp(width) * cells[i].Stride, Math.Exp(height) * cells[i].Stride)
                : Box.Around(centre.X * x, centre.Y * y, width * x, height * y);
        }
        return boxes;

        (double X, double Y) Plain(int i) => (rows[i * _width], rows[i * _width + 1]);
        (double X, double Y) Raw(int i) => ((Plain(i).X + cells[i].X) * cells[i].Stride, (Plain(i).Y + cells[i].Y) * cells[i].Stride);
    }

    static double Distance((double X, double Y) centre, (int X, int Y, int Stride) cell) =>
        Math.Abs(centre.X / cell.Stride - cell.X - 0.5) + Math.Abs(centre.Y / cell.Stride - cell.Y - 0.5);
}
