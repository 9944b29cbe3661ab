using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>Weights below the smallest normal number.</summary>
public sealed class DenormalTests
{
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
}
