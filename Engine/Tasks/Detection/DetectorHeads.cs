using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Tasks.Detection;

/// <summary>Recognises a detector by what it takes and returns.</summary>
static class DetectorHeads
{
    /// <summary>The head of a model, or why it is none that is known, as half a sentence that follows "it".</summary>
    public static (DetectorHead? Head, string? Obstacle) Of(TaskSubject subject)
    {
        if (subject.Inputs is not [{ Shape: [_, _, _, _] shape } input] || Geometry(shape) is not { Channels: 1 or 3 or 4 } geometry)
            return (null, $"takes {string.Join(" and ", subject.Inputs.Select(i => $"'{i.Name}' {i}"))}, and a detector takes one picture");
        if (NamedClasses.Purpose(subject.Model) is { } purpose and not ("detect" or "segment")) return (null, $"says in its metadata that it is for '{purpose}'");
        var names = NamedClasses.Of(subject.Model);
        var outputs = subject.Named is { } named ? [named] : subject.Outputs;
        if (Split(outputs, names.Count) is { } split) return (split, null);
        if (outputs.Where(o => IsFloat(o) && o.Shape.Count == 3).ToArray() is not [var output] || outputs.Any(o => o.Shape.Count is not (3 or 4 or 5)))
            return (null, "returns neither one list of boxes [items, boxes, values] nor boxes, scores and classes");
        var size = new InputSize(geometry.Height, geometry.Width);
        var masks = outputs.Where(o => o.Shape.Count == 4).ToArray() is [{ Shape: [_, > 0 and var channels, var height, _] }] && height > 0 && 4 * height == size.Height ? (int)channels : 0;
        var head = (DetectorHead?)Grid(output, size, names.Count, masks, subject.Options.Task == DetectionTask.Word) ?? List(output, subject, names.Count);
        return (head, head is not null ? null : size.IsKnown
            ? $"returns '{output.Name}' {output}, which are not the answers of a known detector to an input of {size.Height}x{size.Width}"
            : $"returns '{output.Name}' {output}, whose extents tell a known detector only where the input's size is fixed (it is {input}) or the metadata names the classes");
    }

    static InputGeometry Geometry(IReadOnlyList<long> shape) => InputGeometry.FromShape([.. shape.Skip(1).Select(extent => (int)extent)]);

    // Boxes, scores and classes, maybe their number and masks.
    static SplitHead? Split(IReadOnlyList<DeclaredTensor> outputs, int names)
    {
        if (outputs.Where(o => IsFloat(o) && o.Shape is { Count: 2 or 3 } shape && shape[^1] == 4).ToArray() is not [var boxes]) return null;
        var rank = boxes.Shape.Count - 1;
        bool IsList(DeclaredTensor o) => o.Shape.Count == rank && o.Shape[^1] == boxes.Shape[^2];
        var numbers = outputs.Where(o => IsInteger(o) && (o.Shape.Count == 0 || o.Shape.Count <= 2 && o.Shape[^1] == 1)).ToArray();
        var lists = outputs.Except(numbers).Where(IsList).ToArray();
        var classes = lists.Where(o => IsInteger(o) || lists.Length == 2 && IsCalledClasses(o)).ToArray();
        if (lists.Length != 2 || classes.Length != 1 || numbers.Length > 1 || outputs.Any(o => o != boxes && !lists.Contains(o) && !numbers.Contains(o) && o.Shape.Count < 4)) return null;
        return new SplitHead([boxes.Name, lists.Single(o => o != classes[0]).Name, classes[0].Name, .. numbers.Select(o => o.Name)], rank == 1, names > 0 ? names : null);
    }

    static bool IsCalledClasses(DeclaredTensor output) =>
        output.Name.Contains("class", StringComparison.OrdinalIgnoreCase) || output.Name.Contains("label", StringComparison.OrdinalIgnoreCase);

    // Answers by rows or columns. Where an extent is open, as many classes as the metadata names or, for a model that is said to be
    // a detector, the one extent that is not.
    static GridHead? Grid(DeclaredTensor output, InputSize size, int names, int masks, bool isSaid)
    {
        var (rows, columns) = ((int)output.Shape[1], (int)output.Shape[2]);
        var isRows = size.IsKnown && rows > 0 ? size.Strides(rows, 1) is not null || size.Strides(rows, 3) is not null : Fits(columns, 5) || Fits(columns, 4) || isSaid && columns > RowHead.Width;
        if (columns > 0 && isRows) return Head(columns, hasObjectness: columns - 4 - masks != names, isByColumns: false);
        var isColumns = size.IsKnown && columns > 0 ? size.Strides(columns, 1) is not null : Fits(rows, 4) || Fits(rows, 5) || isSaid && rows > 0 && columns < 0;
        return rows > 0 && isColumns ? Head(rows, hasObjectness: rows - 5 - masks == names && names > 0, isByColumns: true) : null;

        bool Fits(int width, int first) => names > 0 && width == first + names + masks;

        GridHead? Head(int width, bool hasObjectness, bool isByColumns)
        {
            var classes = width - (hasObjectness ? 5 : 4) - masks;
            var form = hasObjectness ? isByColumns ? "YOLOv5 with its axes turned" : "YOLOv5, YOLOX" : isByColumns ? "YOLOv8, 11" : "YOLOv8 with its axes turned";
            var said = $"boxes{(hasObjectness ? ", objectness" : "")} and {(classes == 1 ? "one class" : $"{classes} classes")} of every cell ({form})";
            return classes > 0 ? new GridHead(output.Name, said, classes, hasObjectness, isByColumns, masks) : null;
        }
    }

    // Six numbers in a row mean many things; a node that chooses the best of many is in every detector that returns such a list.
    static RowHead? List(DeclaredTensor output, TaskSubject subject, int names) =>
        output.Shape[2] == RowHead.Width && (subject.Options.Task == DetectionTask.Word || Choose(subject.Model.Graph)) ? new RowHead(output.Name, names > 0 ? names : null) : null;

    static bool Choose(GraphProto graph) => graph.Node.Any(node => node.OpType == "TopK" || node.OpType.Contains("NonMaxSuppression", StringComparison.Ordinal)
        || node.OpType.Contains("NMS", StringComparison.Ordinal) || node.Attribute.Any(a => a.G is not null && Choose(a.G)));

    static bool IsFloat(DeclaredTensor output) => output.Type is DataType.Float or DataType.Float16 or DataType.Double or DataType.Bfloat16;

    static bool IsInteger(DeclaredTensor output) => output.Type is DataType.Int32 or DataType.Int64;
}
