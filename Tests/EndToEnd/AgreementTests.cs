using Google.Protobuf;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>Labels, outputs and orders of classes that do not fit are seen before anything is edited by them.</summary>
public sealed class AgreementTests(SlimSample sample)
{
    // As if the data counted its classes otherwise: no shift, all ten in another place.
    const string Wrong = "0=3,1=0,2=7,3=1,4=9,5=2,6=4,7=8,8=5,9=6", Right = "0=0,1=1,2=2,3=3,4=4,5=5,6=6,7=7,8=8,9=9";

    string Data => $"--data {sample.Data} --mean 0.5 --std 0.25";

    [Theory]
    [InlineData("unlearn {0} --class 3 -o {1}")]
    [InlineData("slim {0} --max-drop 2 --align 1 --score l2 --recovery none -o {1}")]
    [InlineData("finetune {0} --steps 5 -o {1}")]
    [InlineData("coar edit {0} --target class:3:20 --lower --budget 60 --most 2 -o {1}")]
    [InlineData("edit {0} --image {2} --label 3 -o {1}")]
    [InlineData("stats {0} -o {1}")]
    [InlineData("finetune {0} --editable --steps 5 -o {1}")]
    public void An_edit_by_labels_in_another_order_is_refused_with_what_to_type(string command)
    {
        var output = sample.New();
        var image = sample.New(".png");
        File.WriteAllBytes(image, Png());
        var error = CliRunner.Run($"{string.Format(null, command, sample.Model, output, image)} {Data} --labels {Wrong}").ExpectError(4);
        Assert.Contains("The labels do not fit the model", error, StringComparison.Ordinal);
        Assert.Contains($"--labels {Right} it is right on", error, StringComparison.Ordinal);
        Assert.Contains("--force-labels", error, StringComparison.Ordinal);
        Assert.False(File.Exists(output));
    }

    [Fact]
    public void Labels_that_are_insisted_on_are_taken()
    {
        var output = sample.New();
        CliRunner.Run($"unlearn {sample.Model} --class 3 --method suppress-logit --force-labels {Data} --labels {Wrong} -o {output}").Expect(0);
        Assert.True(File.Exists(output));
    }

    [Fact]
    public void Accuracy_near_guessing_is_said_and_the_order_can_be_found()
    {
        var said = CliRunner.Run($"eval {sample.Model} {Data} --labels {Wrong}").Expect(0).StdErr;
        Assert.Contains("warning: The labels may not be the model's classes", said, StringComparison.Ordinal);
        Assert.DoesNotContain("warning", CliRunner.Run($"eval {sample.Model} {Data}").Expect(0).StdErr, StringComparison.Ordinal);
        var coar = CliRunner.Run($"coar {sample.Model} --examples 60 --budget 60 -o {sample.New(".safetensors")} {Data} --labels {Wrong}").Expect(0).StdErr;
        Assert.Contains("warning: The labels may not be the model's classes", coar, StringComparison.Ordinal);
        using var other = new TempFolder();
        Turned(other);
        var auto = CliRunner.Run($"eval {sample.Model} --data {other.Path} --mean 0.5 --std 0.25 --labels auto --json").Expect(0);
        Assert.Contains("labels: 0=9,1=0,2=1,3=2,4=3,5=4,6=5,7=6,8=7,9=8, with which the model is right on", auto.StdErr, StringComparison.Ordinal);
        Assert.InRange(auto.Json().GetProperty("top1").GetDouble(), 0.9, 1);
        var plain = CliRunner.Run($"eval {sample.Model} {Data} --labels auto").Expect(0).StdErr;
        Assert.Contains("labels: as they are", plain, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_several_outputs_the_one_as_wide_as_the_data_has_classes_is_taken_and_said()
    {
        using var folder = new ColourFolder();
        var path = Path.Combine(folder.Root, "two.onnx");
        File.WriteAllBytes(path, WithEmbedding(OnnxModel.Load(folder.Model).Proto, 5).ToByteArray());
        var result = CliRunner.Run(["eval", path, "--data", folder.Data, .. ColourFolder.Normalisation.Split(' '), "--json"]).Expect(0);
        Assert.Contains("output 'probabilities' is taken for the class scores", result.StdErr, StringComparison.Ordinal);
        Assert.Equal(0.9, result.Json().GetProperty("top1").GetDouble(), 6);

        File.WriteAllBytes(path, WithEmbedding(OnnxModel.Load(folder.Model).Proto, 3).ToByteArray());
        var error = CliRunner.Run(["eval", path, "--data", folder.Data, .. ColourFolder.Normalisation.Split(' ')]).ExpectError(2);
        Assert.Contains("'embedding' float32 [N,3]", error, StringComparison.Ordinal);
        Assert.Contains("--output", error, StringComparison.Ordinal);
        CliRunner.Run(["eval", path, "--data", folder.Data, .. ColourFolder.Normalisation.Split(' '), "--output", "probabilities"]).Expect(0);
    }

    [Fact]
    public void Class_folders_that_are_numbers_stand_in_their_order()
    {
        using var folder = new TempFolder();
        for (var c = 0; c < 12; c++)
            for (var n = 0; n < 2; n++)
            {
                using var picture = new SkiaSharp.SKBitmap(8, 8);
                picture.Erase(new SkiaSharp.SKColor((byte)(20 * c), 0, 0));
                Directory.CreateDirectory(folder[$"data/{c}"]);
                using var png = File.Create(folder[$"data/{c}/{n}.png"]);
                Assert.True(picture.Encode(png, SkiaSharp.SKEncodedImageFormat.Png, 100));
            }
        // The redder a picture, the higher the class: logits 2 c r - c^2 with r in twentieths of 255.
        var b = new GraphBuilder(0);
        var red = b.Reshape(b.Slice(b.GlobalAveragePool(b.Input("x", 3, 8, 8)), 1, 0, 1), -1, 1);
        var logits = b.Op("Gemm", [red, b.Floats("w", [1, 12], [.. Enumerable.Range(0, 12).Select(c => 2f * c * 255 / 20)]), b.Floats("b", [12], [.. Enumerable.Range(0, 12).Select(c => -(float)c * c)])], [1, 12]);
        File.WriteAllBytes(folder["red.onnx"], b.Build(logits).ToByteArray());
        var result = CliRunner.Run(["eval", folder["red.onnx"], "--data", folder["data"], "--scale", "0.00392156862745098", "--mean", "0", "--std", "1", "--json"]).Expect(0);
        Assert.Contains("class names are numbers and stand in their order", result.StdErr, StringComparison.Ordinal);
        Assert.Equal(1, result.Json().GetProperty("top1").GetDouble());
    }

    [Fact]
    public void One_score_behind_a_sigmoid_tells_two_classes_apart()
    {
        using var folder = new TempFolder();
        foreach (var (name, red) in (IEnumerable<(string, byte)>)[("blue", 0), ("red", 255)])
            for (var n = 0; n < 8; n++)
            {
                using var picture = new SkiaSharp.SKBitmap(8, 8);
                picture.Erase(new SkiaSharp.SKColor(red, 0, (byte)(255 - red)));
                Directory.CreateDirectory(folder[$"data/{name}"]);
                using var png = File.Create(folder[$"data/{name}/{n}.png"]);
                Assert.True(picture.Encode(png, SkiaSharp.SKEncodedImageFormat.Png, 100));
            }
        var b = new GraphBuilder(0);
        var x = b.Conv(b.Input("x", 3, 8, 8), 6, name: "first");
        var pooled = b.Reshape(b.GlobalAveragePool(b.Op("Concat", [b.Relu(x), b.Slice(b.Slice("x", 2, 0, 6), 3, 0, 6)], [1, 9, 6, 6], configure: n => n.Set("axis", 1L))), -1, 9);
        var score = b.Op("Gemm", [pooled, b.Floats("w", [9, 1], 0, 0, 0, 0, 0, 0, 9, 0, -9), b.Floats("b", [1], 0)], [1, 1]);
        File.WriteAllBytes(folder["binary.onnx"], b.Build(b.Unary("Sigmoid", score)).ToByteArray());
        string[] data = ["--data", folder["data"], "--scale", "0.00392156862745098", "--mean", "0", "--std", "1"];
        var result = CliRunner.Run(["eval", folder["binary.onnx"], .. data, "--json"]).Expect(0);
        Assert.Contains("One score behind a Sigmoid", result.StdErr, StringComparison.Ordinal);
        Assert.Equal(1, result.Json().GetProperty("top1").GetDouble());
        CliRunner.Run(["slim", folder["binary.onnx"], .. data, "--sparsity", "0.2", "--align", "1", "-o", folder["slim.onnx"]]).Expect(0);
        CliRunner.Run(["report", folder["slim.onnx"], "--before", folder["binary.onnx"], .. data, "-o", folder["page.html"]]).Expect(0);
        Assert.Contains("one score for two classes", CliRunner.Run(["unlearn", folder["binary.onnx"], .. data, "--class", "1", "-o", folder["u.onnx"]]).ExpectError(3), StringComparison.Ordinal);
    }

    // Test images whose label is one too high, the last one's 0.
    void Turned(TempFolder folder)
    {
        var bytes = File.ReadAllBytes(Path.Combine(sample.Data, "test_batch.bin"));
        for (var at = 0; at < bytes.Length; at += 3073) bytes[at] = (byte)((bytes[at] + 1) % 10);
        folder.Write("test_batch.bin", bytes);
    }

    // What the pooled colours are multiplied by, so many numbers, before the probabilities.
    static ModelProto WithEmbedding(ModelProto model, int width)
    {
        model = model.Clone();
        model.Graph.Initializer.Add(TensorData.FromFloats("into", [3, width], [.. Enumerable.Range(0, 3 * width).Select(i => i % 4 - 1.5f)]));
        model.Graph.Node.Add(NodeAttributes.Node("MatMul", ["flat", "into"], ["embedding"], "embed"));
        var output = model.Graph.Output[0].Clone();
        output.Name = "embedding";
        output.Type.TensorType.Shape.Dim[1].DimValue = width;
        model.Graph.Output.Insert(0, output);
        return model;
    }

    static byte[] Png()
    {
        using var picture = new SkiaSharp.SKBitmap(32, 32);
        picture.Erase(new SkiaSharp.SKColor(200, 30, 60));
        using var png = picture.Encode(SkiaSharp.SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }
}
