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

    // The first channels of a tensor of maps, hardly there.
    static void Weaken(Surgery.Proto.ModelProto model, string name, int channels)
    {
        var tensor = model.Graph.Initializer.Single(t => t.Name == name);
        var values = TensorData.Floats(tensor);
        for (var i = 0; i < values.Length / (int)tensor.Dims[0] * channels; i++) values[i] *= 1e-4f;
        TensorData.SetFloats(tensor, values);
    }
}
