using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>Layers that read tens of thousands of numbers, of which few items are at hand.</summary>
public sealed class WideModelTests
{
    [Fact]
    public void A_flattened_map_into_a_product_is_ranked_and_re_fitted()
    {
        using var folder = new ColourFolder();
        // 24 channels of 25 x 40 places make 24,000 inputs; half of the channels do next to nothing.
        var b = new GraphBuilder(5);
        var maps = b.Relu(b.Conv(b.Input("image", 3, 25, 40), 24, pads: 1, name: "maps"));
        var model = b.Build(b.Gemm(b.Relu(b.Gemm(b.Flatten(maps), 20, name: "wide")), 6, name: "y"));
        Weaken(model, "maps.weight", 12);
        Weaken(model, "maps.bias", 12);
        SignatureModels.Write(folder, model);
        var items = Path.Combine(folder.Root, "items.npz");
        SlimSignatureTests.WriteNpz(items, ("image", [64, 3, 25, 40]));
        var json = CliRunner.Run(["slim", folder.Model, "--sparsity", "0.45", "--data", items, "--align", "1", "--json"]).Expect(0).Json();
        var slim = OnnxModel.Load(SlimDataTests.Slimmed(folder)).Proto;
        Assert.InRange(slim.Graph.Initializer.Single(t => t.Name == "maps.weight").Dims[0], 12, 14);
        var outputs = json.GetProperty("outputs");
        Assert.InRange(outputs.GetProperty("after").GetProperty("y").GetDouble(), 0, 0.05);
        Assert.True(outputs.GetProperty("after").GetProperty("y").GetDouble() <= outputs.GetProperty("afterSurgery").GetProperty("y").GetDouble() * 1.05, outputs.ToString());
    }

    [Fact]
    public void Numbers_of_a_vector_that_go_into_a_product_are_judged_one_by_one()
    {
        using var folder = new ColourFolder();
        var b = new GraphBuilder(6);
        var hidden = b.Relu(b.Gemm(b.Input("x", 16), 3000, name: "hidden"));
        SignatureModels.Write(folder, b.Build(b.Gemm(hidden, 4, name: "y")));
        var items = Path.Combine(folder.Root, "items.npz");
        SlimSignatureTests.WriteNpz(items, ("x", [48, 16]));
        double[] Differences(params string[] options)
        {
            var outputs = CliRunner.Run(["slim", folder.Model, "--sparsity", "0.5", "--data", items, "--align", "1", "--force", "--json", .. options]).Expect(0).Json().GetProperty("outputs");
            return [outputs.GetProperty("afterSurgery").GetProperty("y").GetDouble(), outputs.GetProperty("after").GetProperty("y").GetDouble()];
        }
        var (own, random) = (Differences(), Differences("--score", "random"));
        Assert.True(own[1] < own[0] && own[0] < 0.6 * random[0], $"{own[0]}, with recovery {own[1]}; channels at random {random[0]}");
    }

    [Fact]
    public void Random_numbers_do_not_flatter_a_result()
    {
        using var folder = new ColourFolder();
        SlimDataTests.Write(folder, new GraphBuilder(2));
        var result = CliRunner.Run(["slim", folder.Model, "--sparsity", "0.3", "--data", "random:40", "--align", "1"]).Expect(0);
        Assert.DoesNotContain("difference %", result.StdOut, StringComparison.Ordinal);
        Assert.DoesNotContain("agreement %", result.StdOut, StringComparison.Ordinal);
        Assert.Contains("how far answers change is not shown: it was measured on random numbers", result.StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_too_small_for_normal_numbers_are_said_and_leave_with_an_edit()
    {
        using var folder = new ColourFolder();
        SlimDataTests.Write(folder, new GraphBuilder(2));
        Assert.DoesNotContain("denormal", CliRunner.Run(["inspect", folder.Model]).Expect(0).StdErr, StringComparison.Ordinal);
        var model = OnnxModel.Load(folder.Model).Proto;
        var tensor = model.Graph.Initializer.First(t => t.Dims.Count == 4);
        var values = TensorData.Floats(tensor);
        for (var i = 0; i < values.Length; i += 3) values[i] = 1e-40f;
        TensorData.SetFloats(tensor, values);
        SignatureModels.Write(folder, model);
        var count = (values.Length + 2) / 3;
        Assert.Contains($"{count} weights are too small for normal numbers", CliRunner.Run(["inspect", folder.Model]).Expect(0).StdErr, StringComparison.Ordinal);
        Assert.Equal(count, CliRunner.Run(["inspect", folder.Model, "--json"]).Expect(0).Json().GetProperty("denormals").GetInt64());
        // Recovery would make all weights anew.
        var result = CliRunner.Run(["slim", folder.Model, "--sparsity", "0.2", "--score", "l2", "--align", "1"]).Expect(0);
        Assert.Contains("they are set to 0 in the result", result.StdErr, StringComparison.Ordinal);
        var slim = OnnxModel.Load(SlimDataTests.Slimmed(folder)).Proto;
        Assert.DoesNotContain(slim.Graph.Initializer.Where(t => t.DataType == 1).SelectMany(TensorData.Floats), float.IsSubnormal);
        Assert.Contains(slim.Graph.Initializer.Where(t => t.Dims.Count == 4).SelectMany(TensorData.Floats), v => v == 0);
    }

    [Fact]
    public void Calibration_items_of_few_classes_are_said()
    {
        using var folder = new ColourFolder();
        // Thirty classes, of which pictures of three colours show few.
        var b = new GraphBuilder(7);
        var maps = b.Relu(b.Conv(b.Input("input", 3, 32, 32), 8, stride: 4, pads: 1));
        SignatureModels.Write(folder, b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(b.Relu(b.Conv(maps, 8, pads: 1)))), 30, name: "logits")));
        string[] slim = ["slim", folder.Model, "--sparsity", "0.2", "--align", "1", "--force"];
        Assert.Contains("The calibration items cover few of the classes that the model answers", CliRunner.Run([.. slim, "--data", folder.Data, .. ColourFolder.Normalisation.Split(' ')]).Expect(0).StdErr, StringComparison.Ordinal);
        // Random numbers stand for nothing anyway.
        Assert.DoesNotContain("cover few", CliRunner.Run([.. slim, "--data", "random:40"]).Expect(0).StdErr, StringComparison.Ordinal);
    }

    // The first channels of a tensor of maps, hardly there.
    static void Weaken(Surgery.Proto.ModelProto model, string name, int channels)
    {
        var tensor = model.Graph.Initializer.Single(t => t.Name == name);
        var values = TensorData.Floats(tensor);
        for (var i = 0; i < values.Length / (int)tensor.Dims[0] * channels; i++) values[i] *= 1e-4f;
        TensorData.SetFloats(tensor, values);
    }
}
