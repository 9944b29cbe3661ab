using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>Slim on models that are not image classifiers.</summary>
public sealed class SlimSignatureTests
{
    public static TheoryData<string> Kinds => ["two inputs", "detector", "integer output", "open size", "batch of 4", "packed", "tokens"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Any_signature_gets_smaller_and_keeps_it(string kind)
    {
        using var folder = new ColourFolder();
        var model = Model(kind);
        SignatureModels.Write(folder, model);
        var json = CliRunner.Run(["slim", folder.Model, "--sparsity", "0.2", "--data", "random:24", "--align", "1", "--json", .. Small(kind)]).Expect(0).Json();
        Assert.True(json.GetProperty("after").GetProperty("parameters").GetInt64() < json.GetProperty("before").GetProperty("parameters").GetInt64());
        Assert.NotEqual("classification", json.GetProperty("task").GetString());
        Assert.NotEmpty(json.GetProperty("latency").EnumerateArray());
        var slim = OnnxModel.Load(SlimDataTests.Slimmed(folder)).Proto;
        Assert.Equal(model.Graph.Input, slim.Graph.Input);
        Assert.Equal(model.Graph.Output, slim.Graph.Output);
        // A fifth of the parameters goes; the outputs change by 6 to 17.5 % of their size, the classes of pixels by 8 %.
        foreach (var output in model.Graph.Output)
            Assert.InRange(json.GetProperty("outputs").GetProperty("after").GetProperty(output.Name).GetDouble(), 0.05, 0.2);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Recovery_brings_outputs_closer(string kind)
    {
        using var folder = new ColourFolder();
        SignatureModels.Write(folder, Model(kind));
        var outputs = CliRunner.Run(["slim", folder.Model, "--sparsity", "0.2", "--data", "random:200", "--align", "1", "--json", .. Small(kind)]).Expect(0).Json().GetProperty("outputs");
        foreach (var cut in outputs.GetProperty("afterSurgery").EnumerateObject())
            Assert.True(outputs.GetProperty("after").GetProperty(cut.Name).GetDouble() < cut.Value.GetDouble(), outputs.ToString());
    }

    [Theory]
    [InlineData("detector")]
    [InlineData("open size")]
    [InlineData("tokens")]
    public void Other_commands_take_them_as_well(string kind)
    {
        using var folder = new ColourFolder();
        SignatureModels.Write(folder, Model(kind));
        CliRunner.Run(["inspect", folder.Model]).Expect(0);
        Assert.Contains("prunable", CliRunner.Run(["explain", folder.Model]).Expect(0).StdOut, StringComparison.Ordinal);
        Assert.Contains("items/s", CliRunner.Run(["bench", folder.Model, "--seconds", "0.05"]).Expect(0).StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void An_open_size_is_tried_and_said_and_other_sizes_still_run()
    {
        using var folder = new ColourFolder();
        SignatureModels.Write(folder, SignatureModels.Filter());
        var result = CliRunner.Run(["slim", folder.Model, "--sparsity", "0.2", "--data", "random:8", "--align", "1"]).Expect(0);
        Assert.Contains("image:N,3,224,224", result.StdErr, StringComparison.Ordinal);
        Assert.Contains("image:N,3,224,224", CliRunner.Run(["inspect", folder.Model]).Expect(0).StdErr, StringComparison.Ordinal);
        CliRunner.Run(["bench", SlimDataTests.Slimmed(folder), "--input-shape", "image:N,3,17,31", "--seconds", "0.05"]).Expect(0);
        var given = CliRunner.Run(["slim", folder.Model, "--sparsity", "0.2", "--data", "random:8", "--align", "1", "--force", "--input-shape", "image:N,3,16,24", "--json"]).Expect(0);
        Assert.Equal([-1, 3, 16, 24], given.Json().GetProperty("inputShapes").GetProperty("image").EnumerateArray().Select(extent => extent.GetInt32()));
    }

    [Fact]
    public void A_model_that_returns_no_tensor_is_checked_where_the_last_one_is()
    {
        using var folder = new ColourFolder();
        SignatureModels.Write(folder, SignatureModels.ListOfMaps());
        var result = CliRunner.Run(["slim", folder.Model, "--sparsity", "0.2", "--data", "random:24", "--align", "1", "--json"]).Expect(0).Json();
        Assert.InRange(result.GetProperty("equivalenceError").GetDouble(), 0, 1e-4);
        CliRunner.Run(["inspect", folder.Model]).Expect(0);
    }

    [Fact]
    public void Images_without_labels_serve_a_model_with_one_input()
    {
        using var folder = new ColourFolder();
        SignatureModels.Write(folder, SignatureModels.Filter());
        var result = CliRunner.Run(["slim", folder.Model, "--sparsity", "0.2", "--data", folder.Data, .. ColourFolder.Normalisation.Split(' '), "--align", "1"]).Expect(0);
        Assert.Contains("there are no labels of this task", result.StdOut, StringComparison.Ordinal);
        Assert.Contains("difference % of y", result.StdOut, StringComparison.Ordinal);
        Assert.Contains("least squares", result.StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_inputs_are_read_by_name_from_an_npz_file()
    {
        using var folder = new ColourFolder();
        SignatureModels.Write(folder, SignatureModels.TwoInputs());
        var items = Path.Combine(folder.Root, "items.npz");
        WriteNpz(items, ("image", [40, 3, 8, 8]), ("condition", [40, 4]));
        Assert.Contains("least squares on", CliRunner.Run(["slim", folder.Model, "--sparsity", "0.2", "--data", items, "--align", "1"]).Expect(0).StdOut, StringComparison.Ordinal);

        WriteNpz(items, ("image", [40, 3, 8, 8]), ("condition", [39, 4]));
        Assert.Contains("39 of 'condition'", Refused(folder, items, 4), StringComparison.Ordinal);
        WriteNpz(items, ("image", [40, 3, 8, 8]));
        Assert.Contains("'condition'", Refused(folder, items, 4), StringComparison.Ordinal);
        Assert.Contains(".npz", Refused(folder, folder.Data, 4), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_runs_with_the_integers_of_the_data_alone_is_traced_with_these()
    {
        using var folder = new ColourFolder();
        SignatureModels.Write(folder, SignatureModels.Grid());
        var items = Path.Combine(folder.Root, "items.npz");
        using (var file = File.Create(items))
        using (var npz = new NpzWriter(file))
        {
            npz.Add("x", NpyArray.From<float>([.. Enumerable.Range(0, 40 * 24).Select(i => (float)Math.Sin(i * i))], [40, 24]));
            npz.Add("grid", NpyArray.From<long>([.. Enumerable.Range(0, 40).SelectMany(_ => (long[])[-1, 4, 6])], [40, 3]));
        }

        Assert.Contains("least squares on", CliRunner.Run(["slim", folder.Model, "--sparsity", "0.2", "--data", items, "--align", "1"]).Expect(0).StdOut, StringComparison.Ordinal);
        Assert.Contains("tried with all ones and all zeros", Refused(folder, "random:16", 3), StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_of_two_values_stay_so_and_that_is_said()
    {
        using var folder = new ColourFolder();
        var model = SignatureModels.Filter(isOpen: false);
        foreach (var weight in model.Graph.Initializer.Where(i => i.Dims.Count == 4))
            TensorData.SetFloats(weight, Array.ConvertAll(TensorData.Floats(weight), v => v < 0 ? -0.25f : 0.25f));
        SignatureModels.Write(folder, model);
        var output = Path.Combine(folder.Root, "slim.onnx");
        var result = CliRunner.Run(["slim", folder.Model, "--sparsity", "0.2", "--data", "random:32", "--align", "1", "-o", output]).Expect(0);
        Assert.Contains("stored weights of more than two values can be re-fitted", result.StdErr, StringComparison.Ordinal);
        Assert.Contains("No recovery", result.StdOut, StringComparison.Ordinal);
        var weights = OnnxModel.Load(output).Proto.Graph.Initializer.Where(i => i.Dims.Count == 4).ToArray();
        Assert.NotEmpty(weights);
        Assert.All(weights.SelectMany(TensorData.Floats), v => Assert.Equal(0.25f, Math.Abs(v)));
    }

    [Theory]
    [InlineData("--score", "tv", 3, "cannot be used as a classifier")]
    [InlineData("--max-drop", "1", 4, "random inputs")]
    public void What_needs_classes_or_data_is_refused(string option, string value, int exit, string why)
    {
        using var folder = new ColourFolder();
        SignatureModels.Write(folder, SignatureModels.Detector());
        string[] budget = option == "--max-drop" ? [] : ["--sparsity", "0.2"];
        var error = CliRunner.Run(["slim", folder.Model, "--data", "random:8", "--align", "1", option, value, .. budget]).ExpectError(exit);
        Assert.Contains(why, error, StringComparison.Ordinal);
        Assert.Contains("label", CliRunner.Run(["eval", folder.Model, "--data", "random:8"]).ExpectError(4), StringComparison.Ordinal);
        Assert.False(File.Exists(SlimDataTests.Slimmed(folder)));
    }

    [Fact]
    public void Layers_that_see_constants_cost_nothing_and_break_nothing()
    {
        using var folder = new ColourFolder();
        var model = SignatureModels.Filter(isOpen: false);
        var first = model.Graph.Initializer.First(tensor => tensor.Dims.Count == 4);
        TensorData.SetFloats(first, new float[TensorData.ElementCount(first)]);
        SignatureModels.Write(folder, model);
        foreach (var recovery in new[] { "none", "ls", "bn" })
            CliRunner.Run(["slim", folder.Model, "--sparsity", "0.3", "--data", "random:16", "--align", "1", "--force", "--recovery", recovery]).Expect(0);
    }

    [Fact]
    public void Activations_that_are_not_finite_name_the_layer()
    {
        using var folder = new ColourFolder();
        var model = SignatureModels.Filter(isOpen: false);
        var first = model.Graph.Initializer.First(tensor => tensor.Dims.Count == 4);
        TensorData.SetFloats(first, [.. Enumerable.Repeat(3e38f, (int)TensorData.ElementCount(first))]);
        SignatureModels.Write(folder, model);
        Assert.Contains("Conv 'conv_1'", Refused(folder, "random:16", 4), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("carvana_unet_simp")]
    [InlineData("cctsdb_yolo")]
    [InlineData("super_resolution")]
    [InlineData("ppocr_cls_mobilenetv3")]
    public void A_real_model_that_is_no_classifier_gets_smaller(string name)
    {
        var path = SharedData.Require("models", "zoo", $"{name}.onnx");
        using var folder = new ColourFolder();
        var output = Path.Combine(folder.Root, "slim.onnx");
        var json = CliRunner.Run(["slim", path, "--sparsity", "0.2", "--recovery", "none", "--data", "random:8", "--align", "1", "--json", "-o", output]).Expect(0).Json();
        Assert.InRange(json.GetProperty("after").GetProperty("parameters").GetDouble() / json.GetProperty("before").GetProperty("parameters").GetDouble(), 0.79, 0.8);
        CliRunner.Run(["inspect", output]).Expect(0);
    }

    static ModelProto Model(string kind) => kind switch
    {
        "two inputs" => SignatureModels.TwoInputs(),
        "detector" => SignatureModels.Detector(),
        "integer output" => SignatureModels.IntegerOutput(),
        "open size" => SignatureModels.Filter(),
        "batch of 4" => SignatureModels.Filter(isOpen: false, batch: 4),
        "packed" => SignatureModels.Packed(),
        _ => SignatureModels.Tokens(),
    };

    // Of the usual sizes the largest that runs would be taken, which is slow.
    static string[] Small(string kind) => kind == "open size" ? ["--input-shape", "image:N,3,8,8"] : [];

    static string Refused(ColourFolder folder, string data, int exitCode) =>
        CliRunner.Run(["slim", folder.Model, "--sparsity", "0.2", "--data", data, "--align", "1", "--force"]).ExpectError(exitCode);

    internal static void WriteNpz(string path, params (string Name, int[] Shape)[] arrays) => WriteNpz(path, 1, arrays);

    // Uniform numbers around 0, as far apart as the scale.
    internal static void WriteNpz(string path, float scale, params (string Name, int[] Shape)[] arrays)
    {
        File.Delete(path);
        var random = new Random(1);
        using var file = File.Create(path);
        using var npz = new NpzWriter(file);
        foreach (var (name, shape) in arrays)
            npz.Add(name, NpyArray.From<float>([.. Enumerable.Range(0, shape.Aggregate(1, (a, b) => a * b)).Select(_ => scale * (random.NextSingle() - 0.5f))], shape));
    }
}
