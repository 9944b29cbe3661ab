using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Detection;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;
using Xunit;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Tests.Tasks;

public sealed class DetectorHeadTests
{
    static readonly InputSize _size = new(64, 64);

    // The cells of a picture of 64 x 64: 8 x 8 of 8 pixels, 4 x 4 of 16, 2 x 2 of 32.
    static readonly (int X, int Y, int Stride)[] _cells = [.. new[] { 8, 16, 32 }.SelectMany(s => Enumerable.Range(0, 64 / s * (64 / s)).Select(i => (i % (64 / s), i / (64 / s), s)))];

    // Rows of boxes in pixels about the cells; one of them is a sure object at [12,4,28,36] of class 1.
    static float[][] Rows(int perCell, bool hasObjectness, int classes) =>
    [
        .. new[] { 8, 16, 32 }.SelectMany(s => Enumerable.Repeat(_cells.Where(c => c.Stride == s), perCell).SelectMany(c => c)).Select((c, i) =>
        {
            float[] none = [.. Enumerable.Repeat(0.1f, classes)], box = [(c.X + 0.5f) * c.Stride, (c.Y + 0.5f) * c.Stride, c.Stride, c.Stride];
            if (i == 21) (box, none[1]) = ([20, 20, 16, 32], 0.9f);
            return (float[])[.. box, .. hasObjectness ? [i == 21 ? 1f : 0.01f] : Array.Empty<float>(), .. none];
        }),
    ];

    static ItemOutput ByRows(float[][] rows) => new([.. rows.SelectMany(r => r)], [rows.Length, rows[0].Length]);

    static ItemOutput ByColumns(float[][] rows) => new([.. Enumerable.Range(0, rows[0].Length).SelectMany(n => rows.Select(r => r[n]))], [rows[0].Length, rows.Length]);

    static void IsTheObject(IReadOnlyList<DetectedBox> found)
    {
        var one = Assert.Single(found);
        Assert.Equal(1, one.Class);
        Assert.Equal(0.9f, one.Score, 1e-6f);
        foreach (var (edge, is_) in new[] { one.Box.Left, one.Box.Top, one.Box.Right, one.Box.Bottom }.Zip([12.0, 4, 28, 36])) Assert.Equal(is_, edge, 1e-3);
    }

    static IReadOnlyList<DetectedBox> Find(DetectorHead head, params ItemOutput[] outputs) => new Detector(head, _size).Find(outputs, 0.25f);

    [Fact]
    public void Columns_of_boxes_and_classes_are_read()
    {
        var head = HeadModels.One(7, 84).Head();
        Assert.Equal((3, "boxes and 3 classes of every cell (YOLOv8, 11)"), (head.Classes, head.Said));
        IsTheObject(Find(head, ByColumns(Rows(1, false, 3))));
        // A run of one item may keep its batch axis.
        var kept = ByColumns(Rows(1, false, 3));
        IsTheObject(Find(head, kept with { Shape = [1, .. kept.Shape] }));
    }

    [Fact]
    public void Rows_of_boxes_objectness_and_classes_are_read_with_three_answers_a_cell()
    {
        var head = HeadModels.One(252, 8).Head();
        Assert.Equal(3, head.Classes);
        IsTheObject(Find(head, ByRows(Rows(3, true, 3))));
    }

    [Fact]
    public void One_answer_a_cell_is_a_box_in_pixels_or_one_that_is_still_to_be_made()
    {
        var head = HeadModels.One(84, 8).Head();
        var rows = Rows(1, true, 3);
        IsTheObject(Find(head, ByRows(rows)));
        foreach (var (row, cell) in rows.Zip(_cells))
            (row[0], row[1], row[2], row[3]) = (row[0] / cell.Stride - cell.X, row[1] / cell.Stride - cell.Y, MathF.Log(row[2] / cell.Stride), MathF.Log(row[3] / cell.Stride));
        IsTheObject(Find(head, ByRows(rows)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Boxes_in_shares_of_the_picture_become_pixels(bool hasObjectness)
    {
        var rows = Rows(hasObjectness ? 3 : 1, hasObjectness, 3);
        foreach (var row in rows)
            for (var i = 0; i < 4; i++) row[i] /= 64;
        IsTheObject(hasObjectness ? Find(HeadModels.One(252, 8).Head(), ByRows(rows)) : Find(HeadModels.One(7, 84).Head(), ByColumns(rows)));
    }

    [Fact]
    public void The_number_of_names_tells_whether_there_is_objectness()
    {
        var head = HeadModels.One(84, 7).Says("names", "{0: 'a', 1: 'b', 2: \"c's\"}").Head();
        Assert.Equal(3, head.Classes);
        IsTheObject(Find(head, ByRows(Rows(1, false, 3))));
        Assert.Equal(2, HeadModels.One(84, 7).Head().Classes);
        head = HeadModels.One(8, 84).Says("names", "['a', 'b', 'c']").Head();
        IsTheObject(Find(head, ByColumns(Rows(1, true, 3))));
    }

    [Fact]
    public void Open_extents_are_told_by_the_names_or_by_the_user()
    {
        DataType kind = DataType.Float;
        var open = HeadModels.Of(-1, "Conv", ("out", kind, [7, -1]));
        Assert.Contains("only where the input's size is fixed", DetectorHeads.Of(open.Subject()).Obstacle, StringComparison.Ordinal);
        IsTheObject(Find(open.Head("detection"), ByColumns(Rows(1, false, 3))));
        IsTheObject(Find(open.Says("names", "{0: 'a', 1: 'b', 2: 'c'}").Head(), ByColumns(Rows(1, false, 3))));
        IsTheObject(Find(HeadModels.Of(-1, "Conv", ("out", kind, [-1, 8])).Says("names", "['a', 'b', 'c']").Head(), ByRows(Rows(3, true, 3))));
        // Letters along a line of text have an open length, too.
        Assert.NotNull(DetectorHeads.Of(HeadModels.Of(-1, "Conv", ("out", kind, [-1, 97])).Subject()).Obstacle);
    }

    [Fact]
    public void Coefficients_of_masks_are_no_classes()
    {
        var head = HeadModels.Of(64, "Conv", ("out", DataType.Float, [12, 84]), ("protos", DataType.Float, [5, 16, 16])).Head();
        Assert.Equal((3, 1), (head.Classes, head.Tensors.Count));
        IsTheObject(Find(head, ByColumns([.. Rows(1, false, 3).Select(row => (float[])[.. row, -7, 7, 3, -3, 0])])));
    }

    [Fact]
    public void Lists_of_objects_are_read_as_they_are()
    {
        var head = HeadModels.Of(64, "TopK", ("out", DataType.Float, [300, 6])).Head();
        float[] values = [12, 4, 28, 36, 0.9f, 1, 0, 0, 10, 10, 0.2f, 0, 0, 0, 0, 0, 0, 0];
        IsTheObject(Find(head, new ItemOutput(values, [3, 6])));
        Assert.Equal(2, new Detector(head, _size).Find([new ItemOutput(values, [3, 6])], 0.001f).Count);
        // Two that overlap were left by the model on purpose.
        Assert.Equal(2, Find(head, new ItemOutput([12, 4, 28, 36, 0.9f, 1, 12, 4, 28, 35, 0.8f, 1], [2, 6])).Count);
        IsTheObject(Find(head, new ItemOutput([12 / 64f, 4 / 64f, 28 / 64f, 36 / 64f, 0.9f, 1], [1, 6])));
        Assert.NotNull(DetectorHeads.Of(HeadModels.One(300, 6).Subject()).Obstacle);
    }

    [Fact]
    public void Boxes_scores_and_classes_are_read_up_to_their_number()
    {
        var head = HeadModels.Of(64, "EfficientNMS_TRT", ("num_dets", DataType.Int32, [1]), ("det_boxes", DataType.Float, [100, 4]),
            ("det_scores", DataType.Float, [100]), ("det_classes", DataType.Int32, [100])).Head();
        Assert.Equal(["det_boxes", "det_scores", "det_classes", "num_dets"], head.Tensors);
        Assert.False(head.HasBackground);
        IsTheObject(Find(head, new ItemOutput([12, 4, 28, 36, 1, 1, 9, 9], [2, 4]), new ItemOutput([0.9f, 0.8f], [2]), new ItemOutput([1, 2], [2]), new ItemOutput([1], [1])));
    }

    [Fact]
    public void Lists_without_a_batch_count_the_background()
    {
        var head = HeadModels.Of(64, "NonMaxSuppression", ("boxes", DataType.Float, [0, -1, 4]), ("labels", DataType.Int64, [0, -1]), ("scores", DataType.Float, [0, -1])).Head();
        Assert.Equal((true, "boxes"), (head.HasBackground, head.Tensors[0]));
        IsTheObject(Find(head, new ItemOutput([12, 4, 28, 36], [1, 4]), new ItemOutput([0.9f], [1]), new ItemOutput([1], [1])));
        Assert.Empty(Find(head, new ItemOutput([], [0, 4]), new ItemOutput([], [0]), new ItemOutput([], [0])));
    }

    [Fact]
    public void The_output_that_is_asked_for_is_read_among_others()
    {
        var model = HeadModels.Of(64, "Conv", ("help", DataType.Float, [7, 84]), ("out", DataType.Float, [7, 84]));
        Assert.NotNull(DetectorHeads.Of(model.Subject()).Obstacle);
        var subject = TaskSubject.Of(model, new EvaluationOptions { Output = "out" });
        Assert.Equal(["out"], DetectorHeads.Of(subject).Head!.Tensors);
    }

    [Theory]
    [InlineData("[10]", 10)] // class scores
    [InlineData("[84,4]", 84, 4)] // boxes and nothing else
    [InlineData("[86,8]", 86, 8)] // no usual maps
    [InlineData("[3,64,64]", 3, 64, 64)] // a picture
    [InlineData("[197,768]", 197, 768)] // tokens
    public void Other_outputs_are_no_detectors(string shape, params int[] extents)
    {
        var obstacle = new DetectionTask().Obstacle(HeadModels.One([.. extents.Select(e => (long)e)]).Subject());
        Assert.True(obstacle is { Length: > 20 }, shape);
    }

    [Fact]
    public void A_model_that_says_it_is_for_something_else_is_no_detector()
    {
        var pose = HeadModels.One(56, 84).Says("names", "{0: 'person'}").Says("task", "pose");
        Assert.Contains("'pose'", DetectorHeads.Of(pose.Subject()).Obstacle, StringComparison.Ordinal);
    }

    [Fact]
    public void Values_that_no_detector_returns_are_refused()
    {
        var rows = Rows(1, false, 3);
        OnnxEngineException Refused() => Assert.Throws<OnnxEngineException>(() => Find(HeadModels.One(7, 84).Head(), ByColumns(rows)));
        rows[3][5] = 17;
        Assert.Equal(ErrorKind.Model, Refused().Kind);
        Assert.Contains("no probabilities", Refused().Message, StringComparison.Ordinal);
        rows[3][5] = float.NaN;
        Assert.Contains("not numbers", Refused().Message, StringComparison.Ordinal);
        (rows[3][5], rows[21][0]) = (0, float.NaN);
        Assert.Contains("not finite", Refused().Message, StringComparison.Ordinal);
        Assert.Contains("has 86 answers", Assert.Throws<OnnxEngineException>(() => Find(HeadModels.One(7, 84).Head(), new ItemOutput(new float[7 * 86], [7, 86]))).Message, StringComparison.Ordinal);
        var list = HeadModels.Of(64, "TopK", ("out", DataType.Float, [300, 6])).Head();
        Assert.Contains("the class 0.5", Assert.Throws<OnnxEngineException>(() => Find(list, new ItemOutput([1, 2, 3, 4, 0.9f, 0.5f], [1, 6]))).Message, StringComparison.Ordinal);
    }

    // Boxes of 20 x 20: moved by 4 they overlap by 16/24, moved by 5 by 15/25.
    [Fact]
    public void The_surest_of_boxes_of_a_class_that_overlap_by_more_than_65_percent_is_kept()
    {
        static DetectedBox At(double left, float score, int of = 0) => new(of, score, new Box(left, 0, left + 20, 20));
        DetectedBox[] boxes = [At(0, 0.5f), At(4, 0.6f), At(4, 0.3f, 1), At(9, 0.4f), At(0, 0.6f)];
        Assert.Equal([At(4, 0.6f), At(9, 0.4f), At(4, 0.3f, 1)], BoxSuppression.Keep(boxes));
        Assert.Equal(300, BoxSuppression.Keep(Enumerable.Range(0, 400).Select(i => At(30 * i, 0.5f))).Count);
    }
}
