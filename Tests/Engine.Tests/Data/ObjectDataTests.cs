using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Surgery;
using Xunit;

namespace OnnxEdit.Engine.Tests;

/// <summary>Pictures with labelled objects: COCO annotations and YOLO labels.</summary>
public sealed class ObjectDataTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Pictures are 40 wide and 20 high.
    void Picture(string name, int height = 20, int width = 40) => _folder.Write(name, Pictures.Encoded(height, width, 9, 9, 9));

    ModelData Open(string? path = null) => ModelData.Open(Pictures.Options(path ?? _folder.Path) with { TestOnly = true }, Pictures.Rgb(20, 40));

    OnnxEngineException Refused(string? path = null)
    {
        var error = Assert.Throws<OnnxEngineException>(() =>
        {
            var items = Open(path).Test!;
            for (var i = 0; i < items.Count; i++) items.Target(i);
        });
        Assert.Equal(ErrorKind.Data, error.Kind);
        return error;
    }

    static ObjectsTarget Target(ItemSet items, int index) => Assert.IsType<ObjectsTarget>(items.Target(index));

    const string Categories = """ "categories": [{"id": 7, "name": "wolf"}, {"id": 2, "name": "bear"}] """;

    void Coco(string images, string annotations, string categories = Categories, string name = "instances.json") =>
        _folder.WriteText(name, $$"""{"images": [{{images}}], "annotations": [{{annotations}}], {{categories}}}""");

    const string A = """{"id": 1, "file_name": "a.png", "height": 20, "width": 40}""", B = """{"id": 2, "file_name": "b.png"}""";

    [Fact]
    public void Coco_annotations_give_boxes_classes_and_crowds()
    {
        foreach (var name in new[] { "a.png", "b.png" }) Picture(name);
        Coco($"{A}, {B}", """
            {"id": 1, "image_id": 1, "category_id": 7, "bbox": [1, 2, 10.5, 4], "iscrowd": 0},
            {"id": 2, "image_id": 1, "category_id": 2, "bbox": [0, 0, 40, 20], "iscrowd": 1},
            {"id": 3, "image_id": 1, "category_id": 2, "bbox": [5, 5, 5, 5], "ignore": 1}
            """);
        var data = Open();
        Assert.Equal(["bear", "wolf"], data.ClassNames!);
        Assert.Contains("2 categories are classes from 0 on in the order of their ids", data.Description, StringComparison.Ordinal);
        Assert.DoesNotContain("unlabelled", data.Description, StringComparison.Ordinal);
        var target = Target(data.Test!, 0);
        Assert.Equal((40, 20), (target.Width, target.Height));
        Assert.Equal([2, 7], target.Classes.Numbers);
        Assert.Equal([new LabelledObject(1, new Box(1, 2, 11.5, 6)), new LabelledObject(0, new Box(0, 0, 40, 20)) { IsCrowd = true, IsIgnored = true },
            new LabelledObject(0, new Box(5, 5, 10, 10)) { IsIgnored = true }], target.Objects);
        Assert.Empty(Target(data.Test!, 1).Objects);
        Assert.False(data.Test!.IsLabelled);
    }

    [Theory]
    [InlineData("instances.json", "", "images/a.png")]
    [InlineData("set/_annotations.coco.json", "set", "set/a.png")]
    [InlineData("annotations/instances_val2017.json", "", "val2017/a.png")]
    [InlineData("annotations/instances_val2017.json", "annotations/instances_val2017.json", "images/val2017/a.png")]
    [InlineData("any name.json", "any name.json", "a.png")]
    public void Pictures_are_found_beside_the_file_in_images_and_in_the_folder_of_its_name(string json, string opened, string picture)
    {
        Picture(picture);
        Coco(A, "", name: json);
        Assert.Equal(1, Open(_folder[opened]).Test!.Count);
    }

    [Fact]
    public void Parts_are_told_by_the_names_of_files_and_folders()
    {
        foreach (var name in new[] { "train2017/a.png", "train2017/b.png", "val2017/a.png" }) Picture(name);
        Coco($"{A}, {B}", "", name: "annotations/instances_train2017.json");
        Coco(A, "", name: "annotations/instances_val2017.json");
        var data = ModelData.Open(Pictures.Options(_folder.Path), Pictures.Rgb(20, 40));
        Assert.Equal((1, 1, 1), (data.Calibration!.Count, data.Validation!.Count, data.Test!.Count));
        Coco(A, "", name: "annotations/instances_other.json");
        Assert.Contains("'instances_other.json' is named neither train nor val", Refused().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Split_folders_with_annotations_each_are_parts()
    {
        foreach (var part in new[] { "train", "valid", "test" })
        {
            Picture($"{part}/a.png");
            Picture($"{part}/b.png");
            Coco(part == "train" ? $"{A}, {B}" : A, "", name: $"{part}/_annotations.coco.json");
        }
        var data = ModelData.Open(Pictures.Options(_folder.Path), Pictures.Rgb(20, 40));
        Assert.Equal((2, 1), (data.Calibration!.Count + data.Validation!.Count, data.Test!.Count));
        Assert.Contains("test not used", data.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_pictures_and_boxes_outside_are_left_out_and_said()
    {
        Picture("a.png");
        Coco($"{A}, {B}", """
            {"image_id": 1, "category_id": 7, "bbox": [-5, 10, 10, 20]}, {"image_id": 1, "category_id": 7, "bbox": [50, 2, 10, 4]},
            {"image_id": 1, "category_id": 7, "bbox": [3, 3, 0, 4]}, {"image_id": 1, "category_id": 7, "bbox": [30, 0, 10.5, 20]}, {"image_id": 2, "category_id": 7, "bbox": [1, 1, 1, 1]}
            """);
        var data = Open();
        Assert.Equal([new Box(0, 10, 5, 20), new Box(30, 0, 40, 20)], Target(data.Test!, 0).Objects.Select(o => o.Box));
        foreach (var said in new[] { "1 of 2 pictures that instances.json lists are missing and left out, 'b.png' for one", "1 box cut to the picture", "2 boxes without any area in the picture left out" })
            Assert.Contains(said, data.Description, StringComparison.Ordinal);
        File.Delete(_folder["a.png"]);
        Assert.Contains("None of the 2 pictures", Refused().Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "not readable as JSON")]
    [InlineData("[1]", "no object with images, annotations and categories")]
    [InlineData("""{"images": []}""", "no list 'annotations'")]
    [InlineData("""{"images": [], "annotations": [], "categories": []}""", "lists no images")]
    [InlineData("""{"images": [{"id": 1, "file_name": "a.png"}, {"id": 1, "file_name": "b.png"}], "annotations": [], "categories": []}""", "two images have the id 1")]
    [InlineData("""{"images": [{"id": 1}], "annotations": [], "categories": []}""", "image 1 has no file_name")]
    [InlineData("""{"images": [], "annotations": [], "categories": [{"id": 3}, {"id": 3}]}""", "two categories have the id 3")]
    [InlineData("""{"images": [], "annotations": [], "categories": [{"id": "x"}]}""", "category 0 has no id")]
    [InlineData("""{"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"id": 5, "image_id": 9, "category_id": 1, "bbox": [0, 0, 1, 1]}], "categories": [{"id": 1}]}""", "annotation 5 belongs to image 9, which is not listed")]
    [InlineData("""{"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"image_id": 1, "category_id": 8, "bbox": [0, 0, 1, 1]}], "categories": [{"id": 1}]}""", "annotation 0 (from 0) is of category 8, which is not listed")]
    [InlineData("""{"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 1]}], "categories": [{"id": 1}]}""", "no bbox of four numbers")]
    [InlineData("""{"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"id": 4, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1]}, {"id": 4, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1]}], "categories": [{"id": 1}]}""", "two annotations have the id 4")]
    public void Faulty_annotations_are_refused_in_one_sentence(string json, string said)
    {
        Picture("a.png");
        _folder.WriteText("instances.json", json);
        Assert.Contains(said, Refused().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Annotations_written_by_other_systems_are_read_and_broken_text_is_refused()
    {
        Picture("images/a.png");
        const string json = """{"images": [{"id": "x", "file_name": "images\\a.png"}], "annotations": [{"image_id": "x", "category_id": 1, "bbox": [0, 0, 1, 1]}], "categories": [{"id": 1}]}""";
        _folder.Write("instances.json", [0xEF, 0xBB, 0xBF, .. System.Text.Encoding.UTF8.GetBytes(json)]);
        Assert.Single(Target(Open().Test!, 0).Objects);
        _folder.Write("instances.json", [.. System.Text.Encoding.Latin1.GetBytes(json.Replace("a.png", "\u00E4.png", StringComparison.Ordinal))]);
        Assert.Contains("not readable as JSON", Refused().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_picture_of_another_size_than_its_annotations_is_refused()
    {
        Picture("a.png");
        Coco("""{"id": 1, "file_name": "a.png", "height": 200, "width": 400}""", """{"image_id": 1, "category_id": 7, "bbox": [1, 2, 3, 4]}""");
        Assert.Contains("is 20x40 but its labels are for a picture of 200x400", Refused().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Yolo_labels_give_boxes_in_pixels_and_empty_files_pictures_without_objects()
    {
        foreach (var name in new[] { "images/a.png", "images/b.png", "images/c.png" }) Picture(name);
        _folder.WriteText("labels/a.txt", "1 0.5 0.5 0.25 0.5\n\n0 0.95 0.5 0.2 0.5\n2 0 0 0.5 0 0.5 1 0 1\n");
        _folder.WriteText("labels/b.txt", "");
        _folder.WriteText("labels/d.txt", "0 0.5 0.5 0.1 0.1");
        _folder.WriteText("data.yaml", "nc: 3\nnames:\n  0: wolf\n  1: 'brown bear'  \n  # more\n  2: elk # deer\ntrain: images");
        var data = Open();
        Assert.Equal(["wolf", "brown bear", "elk"], data.ClassNames!);
        var target = Target(data.Test!, 0);
        Assert.Equal([(1, new Box(15, 5, 25, 15)), (0, new Box(34, 5, 40, 15)), (2, new Box(0, 0, 20, 20))],
            target.Objects.Select(o => (o.Class, new Box(Math.Round(o.Box.Left, 9), Math.Round(o.Box.Top, 9), Math.Round(o.Box.Right, 9), Math.Round(o.Box.Bottom, 9)))));
        Assert.Equal((0, 0), (Target(data.Test!, 1).Objects.Count, Target(data.Test!, 2).Objects.Count));
        foreach (var said in new[] { "1 of 3 pictures in images/ have no file of labels and count as empty", "1 box cut to the picture", "1 file of labels without a picture left out" })
            Assert.Contains(said, data.Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("images/train/a.png labels/train/a.txt images/train/b.png images/val/a.png labels/val/a.txt")]
    [InlineData("train/images/a.png train/labels/a.txt train/images/b.png valid/images/a.png valid/labels/a.txt")]
    public void Parts_of_yolo_labels_lie_inside_or_outside(string files)
    {
        foreach (var file in files.Split(' '))
        {
            if (file.EndsWith("png", StringComparison.Ordinal)) Picture(file);
            else _folder.WriteText(file, "0 0.5 0.5 0.1 0.1");
        }
        _folder.WriteText("data.yaml", "names: [wolf, 'bear, brown']");
        var data = ModelData.Open(Pictures.Options(_folder.Path), Pictures.Rgb(20, 40));
        Assert.Equal((2, 1), (data.Calibration!.Count + data.Validation!.Count, data.Test!.Count));
        Assert.Equal(["wolf", "bear, brown"], data.ClassNames!);
        Assert.Single(Target(data.Test!, 0).Objects);
    }

    [Theory]
    [InlineData("0 0.5 0.5 0.1", "it has 4 values")]
    [InlineData("wolf 0.5 0.5 0.1 0.1", "its class is no number from 0 on")]
    [InlineData("-1 0.5 0.5 0.1 0.1", "its class is no number from 0 on")]
    [InlineData("0 0.5 x 0.1 0.1", "'x' is no number")]
    [InlineData("0 0.5 NaN 0.1 0.1", "'NaN' is no number")]
    [InlineData("0 120 80 30 40", "120 is no share")]
    [InlineData("0 0.5 0.5 -0.1 0.1", "its size is below 0")]
    public void A_faulty_line_is_refused_with_its_file_and_number(string line, string said)
    {
        Picture("images/a.png");
        var file = _folder.WriteText("labels/a.txt", $"0 0.5 0.5 0.1 0.1\n{line}\n");
        var message = Refused().Message;
        Assert.Contains(said, message, StringComparison.Ordinal);
        Assert.Contains($"Line 2 of '{file}'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_that_belong_to_no_picture_are_refused()
    {
        Picture("images/a.png");
        _folder.WriteText("labels/b.txt", "");
        Assert.Contains("None of the 1 pictures", Refused().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Classes_called_images_and_labels_are_classes()
    {
        Picture("images/a.png");
        Picture("labels/b.png");
        Assert.Equal(["images", "labels"], Open().ClassNames!);
    }

    // A picture of 40 x 20 whose right half is white: where the half begins is seen in what the model gets, and where it lies is said.
    [Theory]
    [InlineData("pad:32x32", 32, 32)]
    [InlineData("pad:16x64", 16, 64)]
    [InlineData("32x32", 32, 32)]
    [InlineData("40:32", 32, 32)]
    [InlineData("20", 20, 20)]
    public void Boxes_lie_where_the_picture_was_put(string resize, int height, int width)
    {
        using var bitmap = new SkiaSharp.SKBitmap(new SkiaSharp.SKImageInfo(40, 20, SkiaSharp.SKColorType.Rgba8888, SkiaSharp.SKAlphaType.Opaque));
        for (var i = 0; i < 800; i++) bitmap.SetPixel(i % 40, i / 40, i % 40 < 20 ? new SkiaSharp.SKColor(100, 100, 100) : SkiaSharp.SKColors.White);
        using var encoded = bitmap.Encode(SkiaSharp.SKEncodedImageFormat.Png, 100);
        _folder.Write("images/a.png", encoded.ToArray());
        _folder.WriteText("labels/a.txt", "0 0.75 0.5 0.5 1");
        var options = Pictures.Options(_folder.Path) with { TestOnly = true };
        var items = ModelData.Open(options with { Preprocessing = Preprocessing.Raw with { Resize = ImageResize.Parse(resize) } }, Pictures.Rgb(height, width)).Test!;
        var pixels = Pictures.Item(items, 0);
        var (target, middle) = (Target(items, 0), pixels.AsSpan(height / 2 * width, width).ToArray());
        var from = Array.FindIndex(middle, value => value > 178);
        var to = Array.FindLastIndex(middle, value => value > 178) + 1;
        var (top, bottom) = (Enumerable.Range(0, height).First(y => pixels[y * width + to - 1] > 178), Enumerable.Range(0, height).Last(y => pixels[y * width + to - 1] > 178) + 1);
        var back = target.Fit.ToStored(new Box(from, top, to, bottom)).Cut(target.Width, target.Height);
        // What a crop took away is not seen.
        var seen = target.Fit.ToStored(new Box(0, 0, width, height)).Cut(40, 20);
        Assert.Equal(20, back.Left, 1);
        Assert.Equal((seen.Right, seen.Top, seen.Bottom), (back.Right, back.Top, back.Bottom));
    }

    [Fact]
    public void Classes_can_be_translated_and_others_are_left_out()
    {
        Picture("images/a.png");
        _folder.WriteText("labels/a.txt", "0 0.5 0.5 0.1 0.1\n3 0.5 0.5 0.2 0.2\n");
        var options = Pictures.Options(_folder.Path) with { TestOnly = true, LabelMap = new Dictionary<int, int> { [3] = 1 } };
        Assert.Equal([1], Target(ModelData.Open(options, Pictures.Rgb(20, 40)).Test!.Select([0]), 0).Objects.Select(o => o.Class));
    }

    [Fact]
    public void Labels_are_kept_where_items_are_drawn()
    {
        foreach (var name in new[] { "a", "b", "c", "d", "e", "f" })
        {
            Picture($"images/{name}.png");
            _folder.WriteText($"labels/{name}.txt", "0 0.5 0.5 0.1 0.1");
        }
        var data = ModelData.Open(Pictures.Options(_folder.Path), Pictures.Rgb(20, 40));
        foreach (var part in new[] { data.Calibration!, data.Validation!, data.Test! }) Assert.Single(Target(part, 0).Objects);
    }
}
