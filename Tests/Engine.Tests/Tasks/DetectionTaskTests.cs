using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Proto;
using Xunit;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Tests.Tasks;

/// <summary>The task as a whole: pictures with labels, and what a detector answers to them.</summary>
public sealed class DetectionTaskTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Two pictures of 128 x 64, which a model of 64 x 64 gets at half their size, 16 pixels down; an object of class 1 in the first.
    ItemSet Labelled(string line = "1 0.5 0.5 0.25 0.5", string? yaml = null)
    {
        foreach (var name in new[] { "a", "b" }) _folder.Write($"images/{name}.png", Pictures.Encoded(64, 128, 9, 9, 9));
        _folder.WriteText("labels/a.txt", line);
        if (yaml is not null) _folder.WriteText("data.yaml", yaml);
        return Open(_folder.Path);
    }

    static ItemSet Open(string path) => ModelData.Open(
        new DataOptions { Path = path, TestOnly = true, Preprocessing = Preprocessing.Raw with { Resize = ImageResize.Parse("pad:64x64") } }, Pictures.Rgb(64, 64)).Test!;

    static ModelProto Lists() => HeadModels.Of(64, "TopK", ("out", DataType.Float, [10, 6]));

    static ItemOutput[] Answer(params float[][] rows) => [new ItemOutput([.. rows.SelectMany(r => r)], [rows.Length, 6])];

    static double Map50(ModelProto model, ItemSet items, params ItemOutput[][] answers)
    {
        var subject = model.Subject();
        var task = ModelTasks.Of(subject, items);
        Assert.Equal("detection", task.Name);
        var meter = task.Measure(subject, items);
        foreach (var (item, answer) in answers.Index()) meter.Add(item, answer);
        return meter.Complete()[0].Value;
    }

    [Fact]
    public void Boxes_are_compared_in_the_stored_picture()
    {
        // The object is at [48,16,80,48] of the picture: [24,24,40,40] of what the model gets.
        var items = Labelled();
        float[] right = [24, 24, 40, 40, 0.9f, 1];
        Assert.Equal(1, Map50(Lists(), items, Answer(right), Answer()));
        Assert.Equal(0, Map50(Lists(), items, Answer([48, 16, 80, 48, 0.9f, 1]), Answer()));
        Assert.Equal(0, Map50(Lists(), items, Answer([24, 24, 40, 40, 0.9f, 0]), Answer()));
        // One that is surer and wrong, in the picture without objects.
        Assert.Equal(0.5, Map50(Lists(), items, Answer(right), Answer([24, 24, 40, 40, 0.95f, 1])));
    }

    [Fact]
    public void Boxes_that_reach_out_of_the_picture_end_with_it()
    {
        // The object fills the picture's upper half; the model's box goes on into the border above it.
        var items = Labelled("1 0.5 0.25 1 0.5");
        Assert.Equal(1, Map50(Lists(), items, Answer([0, 0, 64, 32, 0.9f, 1]), Answer()));
    }

    [Fact]
    public void Classes_are_matched_by_their_names_where_both_have_them()
    {
        var items = Labelled(yaml: "names: [fox, wolf]");
        float[] right = [24, 24, 40, 40, 0.9f, 0];
        Assert.Equal(1, Map50(Lists().Says("names", "{0: 'wolf', 1: 'elk', 2: 'fox'}"), items, Answer(right), Answer()));
        // Other names, and as many: the places count.
        Assert.Equal(0, Map50(Lists().Says("names", "{0: 'Wolf', 1: 'Fox'}"), items, Answer(right), Answer()));
        var error = Assert.Throws<OnnxEngineException>(() => Map50(Lists().Says("names", "{0: 'wolf', 1: 'elk', 2: 'deer'}"), items));
        Assert.Equal((ErrorKind.Data, true), (error.Kind, error.Message.Contains("class 1 is 'wolf' but the model's is 'elk', and 'fox' is none", StringComparison.Ordinal)));
    }

    [Fact]
    public void Classes_that_the_model_has_not_are_refused()
    {
        var message = Assert.Throws<OnnxEngineException>(() => Map50(HeadModels.One(6, 84), Labelled("5 0.5 0.5 0.1 0.1"))).Message;
        Assert.Contains("objects of class 5, counted from 0, in picture 0, but the model has 2 classes", message, StringComparison.Ordinal);
        message = Assert.Throws<OnnxEngineException>(() => Map50(HeadModels.One(6, 84), Labelled("3 0.5 0.5 0.1 0.1", "names: [a, b, c, d]"))).Message;
        Assert.Contains("class 3 ('d')", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_counts_the_background_returns_the_numbers_of_the_data()
    {
        _folder.Write("a.png", Pictures.Encoded(64, 128, 9, 9, 9));
        _folder.WriteText("instances.json", """
            {"images": [{"id": 1, "file_name": "a.png"}], "categories": [{"id": 3, "name": "fox"}, {"id": 90, "name": "wolf"}],
             "annotations": [{"image_id": 1, "category_id": 90, "bbox": [48, 16, 32, 32]}]}
            """);
        var model = HeadModels.Of(64, "NonMaxSuppression", ("boxes", DataType.Float, [0, -1, 4]), ("labels", DataType.Int64, [0, -1]), ("scores", DataType.Float, [0, -1]));
        ItemOutput[] Numbered(float number) => [new([24, 24, 40, 40], [1, 4]), new([0.9f], [1]), new([number], [1])];
        Assert.Equal(1, Map50(model, Open(_folder.Path), Numbered(90)));
        Assert.Equal(0, Map50(model, Open(_folder.Path), Numbered(1)));
        Directory.Delete(_folder.Path, recursive: true);
        Assert.Equal(1, Map50(model, Labelled(), Numbered(2), [new([], [0, 4]), new([], [0]), new([], [0])]));
    }

    [Fact]
    public void Pictures_without_any_object_cannot_be_measured_on()
    {
        var error = Assert.Throws<OnnxEngineException>(() => Map50(Lists(), Labelled(""), Answer(), Answer()));
        Assert.Equal(ErrorKind.Data, error.Kind);
        Assert.Contains("None of the pictures has a labelled object", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_original_is_sure_of_is_agreed_with()
    {
        var subject = Lists().Subject();
        var items = Labelled();
        double Agreement(ItemOutput[] original, ItemOutput[] edited)
        {
            var meter = new DetectionTask().Agree(subject, items);
            meter.Add(0, original, edited);
            return meter.Complete()[0].Value;
        }
        float[] sure = [24, 24, 40, 40, 0.9f, 1], other = [0, 0, 20, 20, 0.3f, 1], unsure = [50, 50, 60, 60, 0.2f, 1];
        Assert.Equal(1, Agreement(Answer(sure, other, unsure), Answer(sure, other, unsure)));
        Assert.Equal(1, Agreement(Answer(sure, unsure), Answer(sure)));
        Assert.Equal(51 / 101.0, Agreement(Answer(sure, other), Answer(sure)), 1e-12);
        Assert.Equal(0, Agreement(Answer(sure), Answer()));
        var error = Assert.Throws<OnnxEngineException>(() => Agreement(Answer(unsure), Answer(sure)));
        Assert.Contains("finds nothing that it is sure of by 0.25", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_task_says_what_it_reads()
    {
        var (tensors, said) = new DetectionTask().Reads(HeadModels.One(7, 84).Subject());
        Assert.Equal(["out"], tensors);
        Assert.Equal("'out' as boxes and 3 classes of every cell (YOLOv8, 11)", said);
    }

    [Fact]
    public void A_model_that_is_no_detector_is_refused_where_it_is_said_to_be_one()
    {
        var error = Assert.Throws<OnnxEngineException>(() => ModelTasks.Of(HeadModels.One(10).Subject("detection"), null));
        Assert.Equal(ErrorKind.Model, error.Kind);
        Assert.StartsWith("The model cannot be measured as detection: it returns ", error.Message, StringComparison.Ordinal);
    }
}
