using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks.Detection;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.Engine.Tests.Tasks;

/// <summary>Detectors that people use, on pictures of ImageNet classes that COCO has, too.</summary>
public sealed class RealDetectorTests
{
    // An English springer (COCO: dog, 16) and a golf ball (sports ball, 32), by their place in the test part.
    const int Dog = 53, Ball = 403;

    static readonly Preprocessing _yolov8 = new() { Mean = [0], Std = [1] }, _yolox = Preprocessing.Raw with { Bgr = true };

    static ItemSet Items(int edge, Preprocessing preprocessing) => ModelData.Open(
        new DataOptions
        {
            Path = SharedData.Require("data", "imagenette", "test"),
            TestOnly = true,
            Preprocessing = preprocessing with { Resize = ImageResize.Parse($"pad:{edge}x{edge}") },
        },
        Pictures.Rgb(edge, edge)).Test!;

    static string Path(string name) => SharedData.Require("real-models", name);

    static TaskSubject Subject(string path) => OnnxModel.Load(path).Proto.Subject();

    static DetectedBox Surest(string name, ItemSet items, int edge, int item)
    {
        var head = DetectorHeads.Of(Subject(Path(name))).Head!;
        using var runs = new DetectorRuns(Path(name));
        return new Detector(head, new InputSize(edge, edge)).Find(runs.Run(items, item, head.Tensors), DetectionAgreement.Sure)[0];
    }

    [Fact]
    public void Two_families_of_detectors_find_the_same_dog_in_the_same_place()
    {
        var (v8, yolox) = (Surest("yolov8n.onnx", Items(640, _yolov8), 640, Dog), Surest("yolox_nano.onnx", Items(416, _yolox), 416, Dog));
        Assert.Equal((16, 16), (v8.Class, yolox.Class));
        var box = v8.Box;
        Assert.True(new Box(box.Left * 0.65, box.Top * 0.65, box.Right * 0.65, box.Bottom * 0.65).Overlap(yolox.Box) > 0.85, $"{v8} {yolox}");
        Assert.Equal(32, Surest("yolov8n.onnx", Items(640, _yolov8), 640, Ball).Class);
    }

    [Theory]
    [InlineData("yolov8n.onnx", "yolov8n.onnx", 640, 6, 1, 1)]
    [InlineData("yolox_nano.onnx", "yolox_nano.onnx", 416, 6, 1, 1)]
    [InlineData("yolov8n.onnx", "yolov8n_dynamic_int8.onnx", 640, 25, 0.9, 0.999)]
    public void A_model_agrees_with_itself_and_its_quantised_form_with_most_of_it(string original, string edited, int edge, int pictures, double least, double most)
    {
        var items = Items(edge, edge == 640 ? _yolov8 : _yolox);
        items = items.Select([.. Enumerable.Range(0, pictures).Select(i => 500 / pictures * i + 3)]);
        var (subject, task) = (Subject(Path(original)), new DetectionTask());
        var (tensors, meter) = (task.Reads(subject).Tensors, task.Agree(subject, items));
        using DetectorRuns first = new(Path(original)), second = new(Path(edited));
        for (var i = 0; i < items.Count; i++) meter.Add(i, first.Run(items, i, tensors), second.Run(items, i, tensors));
        var values = meter.Complete();
        TestContext.Current.SendDiagnosticMessage($"{edited}: {values[0].Value:P2} +- {values[0].StandardError:P2}, {values[1].Value:P2}");
        Assert.InRange(values[0].Value, least, 1);
        Assert.InRange(values[1].Value, least, most);
    }

    // What one detector is sure of, given to the other as labels: two networks for the same classes are far from 0 and from 100.
    [Fact]
    public void Labels_written_from_one_detector_are_found_by_another()
    {
        using var folder = new TempFolder();
        var items = Items(640, _yolov8);
        var files = Directory.EnumerateFiles(SharedData.Require("data", "imagenette", "test"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(items.Count, files.Length);
        var head = DetectorHeads.Of(Subject(Path("yolov8n.onnx"))).Head!;
        var detector = new Detector(head, new InputSize(640, 640));
        using (var runs = new DetectorRuns(Path("yolov8n.onnx")))
        {
            for (var i = 0; i < 12; i++)
            {
                var at = 40 * i + 3;
                Directory.CreateDirectory(folder["images"]);
                File.CreateSymbolicLink(folder[$"images/{i:00}{System.IO.Path.GetExtension(files[at])}"], files[at]);
                var (height, width) = Engine.Data.Sources.ImageDecoder.Size(files[at]);
                // By hand: the longer edge becomes 640, what is left is shared by both sides.
                var scale = 640.0 / Math.Max(height, width);
                var (left, top) = (Math.Floor((640 - Math.Round(width * scale)) / 2), Math.Floor((640 - Math.Round(height * scale)) / 2));
                folder.WriteText($"labels/{i:00}.txt", string.Join('\n', detector.Find(runs.Run(items, at, head.Tensors), 0.5f).Select(f => FormattableString.Invariant(
                    $"{f.Class} {((f.Box.Left + f.Box.Right) / 2 - left) / scale / width:0.######} {((f.Box.Top + f.Box.Bottom) / 2 - top) / scale / height:0.######} {(f.Box.Right - f.Box.Left) / scale / width:0.######} {(f.Box.Bottom - f.Box.Top) / scale / height:0.######}"))));
            }
        }
        var own = Labelled("yolov8n.onnx", 640, _yolov8, folder.Path);
        var other = Labelled("yolox_nano.onnx", 416, _yolox, folder.Path);
        TestContext.Current.SendDiagnosticMessage($"own {own:P2}, other {other:P2}");
        Assert.InRange(own, 0.995, 1);
        Assert.InRange(other, 0.5, 0.999);
    }

    static double Labelled(string name, int edge, Preprocessing preprocessing, string data)
    {
        var items = ModelData.Open(new DataOptions { Path = data, TestOnly = true, Preprocessing = preprocessing with { Resize = ImageResize.Parse($"pad:{edge}x{edge}") } }, Pictures.Rgb(edge, edge)).Test!;
        var (subject, task) = (Subject(Path(name)), new DetectionTask());
        var (tensors, meter) = (task.Reads(subject).Tensors, task.Measure(subject, items));
        using var runs = new DetectorRuns(Path(name));
        for (var i = 0; i < items.Count; i++) meter.Add(i, runs.Run(items, i, tensors));
        return meter.Complete()[0].Value;
    }
}
