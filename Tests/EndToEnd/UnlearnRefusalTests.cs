using Google.Protobuf;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>Models and data that nothing can be forgotten with: one clear sentence, the right exit code, no file.</summary>
public sealed class UnlearnRefusalTests
{
    static ModelProto Classifier(Func<GraphBuilder, string, string> tail, long? batch = null)
    {
        var b = new GraphBuilder(2) { Batch = batch };
        var maps = b.Relu(b.Conv(b.Input("input", 3, 32, 32), 6, stride: 2, name: "first"));
        return b.Build(tail(b, b.Conv(maps, 8, stride: 2, name: "last")));
    }

    static string Pooled(GraphBuilder b, string y, int classes = 4) => b.Gemm(b.Flatten(b.GlobalAveragePool(b.Relu(y))), classes, name: "head");

    static string Largest(GraphBuilder b, string y) => b.Gemm(b.Flatten(b.MaxPool(b.Relu(y), 7, 7)), 4, name: "head");

    // A CIFAR file of images that differ by class.
    static string Data(ColourFolder folder, string name, params int[] labels)
    {
        var root = Directory.CreateDirectory(Path.Combine(folder.Root, name)).FullName;
        foreach (var file in new[] { "data_batch_1.bin", "test_batch.bin" })
        {
            var bytes = new byte[labels.Length * 3073];
            for (var n = 0; n < labels.Length; n++)
            {
                bytes[n * 3073] = (byte)labels[n];
                for (var i = 0; i < 3072; i++) bytes[n * 3073 + 1 + i] = (byte)((labels[n] + 1) * 40 + (i * 7 + n * 13) % 50);
            }
            File.WriteAllBytes(Path.Combine(root, file), bytes);
        }
        return root;
    }

    static int[] Labels(int count, int classes) => [.. Enumerable.Range(0, count).Select(n => n % classes)];

    // Weights of these models are random, and so are their answers.
    static CliResult Run(ColourFolder folder, ModelProto model, string data, string more = "")
    {
        File.WriteAllBytes(folder.Model, model.ToByteArray());
        return CliRunner.Run(["unlearn", folder.Model, "--force-labels", "--data", data, .. ColourFolder.Normalisation.Split(' '), "-o", Path.Combine(folder.Root, "out.onnx"), .. more.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
    }

    static void Refused(ModelProto model, int[] labels, string more, int code, string sentence)
    {
        using var folder = new ColourFolder();
        var said = Run(folder, model, Data(folder, "cifar", labels), more).ExpectError(code);
        Assert.Contains(sentence, said, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(folder.Root, "out.onnx")));
    }

    [Fact]
    public void A_class_without_images_and_data_of_one_class_only()
    {
        Refused(Classifier((b, y) => Pooled(b, y)), Labels(60, 3), "--class 3", 4, "no item of a class to forget");
        Refused(Classifier((b, y) => Pooled(b, y)), Labels(60, 1), "--class 0", 4, "no item of a class that stays");
    }

    [Fact]
    public void A_single_image() =>
        Refused(Classifier((b, y) => Pooled(b, y)), [1], "--class 1", 4, "give at least");

    [Fact]
    public void A_regression_model_has_no_classes() =>
        Refused(Classifier((b, y) => Pooled(b, y, classes: 1)), Labels(60, 4), "--class 0", 3, "cannot be used as a classifier");

    [Fact]
    public void A_detector_and_a_model_with_two_inputs()
    {
        Refused(SignatureModels.Detector(), Labels(60, 4), "--class 0", 3, "cannot be used as a classifier");
        Refused(SignatureModels.TwoInputs(), Labels(60, 4), "--class 0", 3, "cannot be used as a classifier");
    }

    [Fact]
    public void A_batch_of_its_own() =>
        Refused(Classifier((b, y) => Pooled(b, y), batch: 4), Labels(60, 4), "--class 0", 3, "it insists on a batch of its own");

    [Fact]
    public void A_folder_that_cannot_be_written()
    {
        Assert.SkipWhen(Environment.UserName == "root", "The folders of root are always writable.");
        using var folder = new ColourFolder();
        var locked = Directory.CreateDirectory(Path.Combine(folder.Root, "locked")).FullName;
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(locked, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        File.WriteAllBytes(folder.Model, Classifier((b, y) => Pooled(b, y)).ToByteArray());
        CliRunner.Run(["unlearn", folder.Model, "--class", "1", "--data", Data(folder, "cifar", Labels(60, 4)), .. ColourFolder.Normalisation.Split(' '), "-o", Path.Combine(locked, "out.onnx")]).ExpectError(2);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(locked, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Empty(Directory.GetFiles(locked));
    }

    [Fact]
    public void Max_pooling_stops_the_refit_only()
    {
        Refused(Classifier(Largest), Labels(60, 4), "--class 1", 3, "is not an average over positions");
        using var folder = new ColourFolder();
        var data = Data(folder, "cifar", Labels(120, 4));
        Assert.Contains("hidden, not forgotten", Run(folder, Classifier(Largest), data, "--class 1 --method suppress-logit").Expect(0).StdOut, StringComparison.Ordinal);
        Assert.Contains("2 channels of 2 layers", Run(folder, Classifier(Largest), data, "--class 1 --method discedit-u --tail 1 --per-layer 1 --force").Expect(0).StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_with_a_fixed_batch_of_one_runs_image_by_image()
    {
        using var folder = new ColourFolder();
        var data = Data(folder, "cifar", Labels(160, 4));
        Assert.Contains("re-fitted on", Run(folder, Classifier((b, y) => Pooled(b, y), batch: 1), data, "--class 1 --calibration 100").Expect(0).StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void A_classifier_that_ends_in_a_convolution_can_be_looked_at_too()
    {
        using var folder = new ColourFolder();
        var data = Data(folder, "cifar", Labels(120, 4));
        var model = Classifier((b, y) => b.Softmax(b.Flatten(b.GlobalAveragePool(b.Relu(b.Conv(b.Concat(1, b.Relu(y), y), 4, kernel: 1, name: "scores"))))));
        var json = Run(folder, model, data, "--class 1 --method suppress-logit --json").Expect(0).Json();
        Assert.Equal(json.GetProperty("probe")[0].GetProperty("before").GetDouble(), json.GetProperty("probe")[0].GetProperty("after").GetDouble());
        Assert.Equal(0, json.GetProperty("forgotten").GetProperty("after").GetDouble());
        Run(folder, model, data, "--class 1 --method discedit-u --tail 1 --per-layer 1 --force").Expect(0);
    }
}
