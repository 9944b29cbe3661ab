using Google.Protobuf;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>eval --try-preprocess on classifiers whose normalisation is known, since the test made them.</summary>
public sealed class PreprocessingSearchTests
{
    const int Classes = 8;

    [Theory]
    [InlineData("--scale 1 --mean 103.939,116.779,123.68 --std 1 --bgr", false)]
    [InlineData("--mean 0.48145467,0.4578275,0.40821072 --std 0.26862955,0.2613026,0.2757771", false)]
    [InlineData("--mean 0.406,0.456,0.485 --std 0.225,0.224,0.229 --bgr", false)]
    [InlineData("--scale 1 --mean 128 --std 1", true)]
    [InlineData("--mean 0 --std 1 --bgr", true)]
    public void The_normalisation_of_a_model_is_printed_as_the_options_to_type(string options, bool isOpen)
    {
        using var folder = new TempFolder();
        var (model, data) = (folder.Write("model.onnx", Nearest(options, isOpen).ToByteArray()), Colours(folder));
        var found = CliRunner.Run(["eval", model, "--data", data, "--try-preprocess"]).Expect(0).StdOut.Split('\n').Single(line => line.StartsWith("Options: ", StringComparison.Ordinal))[9..];
        Assert.Equal(options + (isOpen ? " --layout nhwc" : ""), found.Trim());
        Assert.StartsWith("top-1 100.00 %", CliRunner.Run(["eval", model, "--data", data, .. found.Trim().Split(' ')]).Expect(0).StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_in_another_order_are_named_as_the_cause_with_the_map_to_type()
    {
        using var folder = new TempFolder();
        var model = folder.Write("model.onnx", Nearest("--scale 1 --mean 103.939,116.779,123.68 --std 1 --bgr", false).ToByteArray());
        var data = Colours(folder, step: 3);
        var result = CliRunner.Run(["eval", model, "--data", data, "--try-preprocess"]).Expect(0);
        Assert.Contains("the labels are the likelier cause", result.StdErr, StringComparison.Ordinal);
        Assert.Contains("Options: --scale 1 --mean 103.939,116.779,123.68 --std 1 --bgr --labels 0=0,1=3,2=6,3=1,4=4,5=7,6=2,7=5", result.StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_that_mean_nothing_are_not_explained_by_any_order()
    {
        using var folder = new TempFolder();
        var model = folder.Write("model.onnx", Nearest("--scale 1 --mean 103.939,116.779,123.68 --std 1 --bgr", false).ToByteArray());
        var result = CliRunner.Run(["eval", model, "--data", Colours(folder, isRandom: true), "--try-preprocess"]).Expect(0);
        Assert.Contains("close to guessing", result.StdErr, StringComparison.Ordinal);
        Assert.DoesNotContain("likelier", result.StdErr, StringComparison.Ordinal);
        Assert.DoesNotContain("Options:", result.StdOut, StringComparison.Ordinal);
    }

    /// <summary>Mean colour of the picture -> the nearest of eight colours, a few steps of 255 apart, as this normalisation writes them.</summary>
    static ModelProto Nearest(string options, bool isOpen)
    {
        var words = options.Split(' ');
        float[] Numbers(string name) => [.. words[Array.IndexOf(words, name) + 1].Split(',').Select(n => float.Parse(n, System.Globalization.CultureInfo.InvariantCulture))];
        var scale = options.Contains("--scale", StringComparison.Ordinal) ? Numbers("--scale")[0] : 1 / 255f;
        var (mean, std, isBgr) = (Numbers("--mean"), Numbers("--std"), words.Contains("--bgr"));
        var (weight, bias) = (new float[3 * Classes], new float[Classes]);
        for (var k = 0; k < Classes; k++)
        {
            var colour = Colour(k);
            for (var c = 0; c < 3; c++)
            {
                var value = (colour[isBgr ? 2 - c : c] * scale - mean[c % mean.Length]) / std[c % std.Length];
                weight[c * Classes + k] = 2 * value;
                bias[k] -= value * value;
            }
        }
        var graph = new GraphProto { Name = "nearest" };
        graph.Input.Add(Tensor("input", isOpen ? [null, null, null] : [3, 32, 32]));
        graph.Output.Add(Tensor("scores", [Classes]));
        graph.Initializer.Add(TensorData.FromFloats("weight", [3, Classes], weight));
        graph.Initializer.Add(TensorData.FromFloats("bias", [Classes], bias));
        var pool = NodeAttributes.Node("ReduceMean", ["input"], ["pooled"], "pool");
        pool.Attribute.Add(new AttributeProto { Name = "axes", Type = AttributeProto.Types.AttributeType.Ints, Ints = { isOpen ? [1, 2] : [2, 3] } });
        pool.Attribute.Add(new AttributeProto { Name = "keepdims", Type = AttributeProto.Types.AttributeType.Int, I = 0 });
        graph.Node.Add(pool);
        graph.Node.Add(NodeAttributes.Node("Gemm", ["pooled", "weight", "bias"], ["scores"], "head"));
        var model = new ModelProto { IrVersion = 8, ProducerName = "test", Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        return model;
    }

    static ValueInfoProto Tensor(string name, int?[] extents)
    {
        var shape = new TensorShapeProto();
        foreach (var extent in (int?[])[null, .. extents])
            shape.Dim.Add(extent is { } size ? new TensorShapeProto.Types.Dimension { DimValue = size } : new TensorShapeProto.Types.Dimension { DimParam = $"d{shape.Dim.Count}" });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1, Shape = shape } } };
    }

    static int[] Colour(int k) => [40 + 8 * k, 200 - 4 * k, 150 - 2 * k];

    // A CIFAR file: ten pictures of each colour.
    static string Colours(TempFolder folder, int step = 1, bool isRandom = false)
    {
        const int plane = 1024;
        List<byte> bytes = [];
        var random = new Random(1);
        for (var image = 0; image < 10 * Classes; image++)
        {
            bytes.Add((byte)(isRandom ? random.Next(Classes) : (image * step) % Classes));
            foreach (var value in Colour(image % Classes)) bytes.AddRange(Enumerable.Repeat((byte)value, plane));
        }
        folder.Write("data/test_batch.bin", [.. bytes]);
        folder.WriteText("data/batches.meta.txt", string.Join('\n', Enumerable.Range(0, Classes).Select(k => $"c{k}")));
        return folder["data"];
    }
}
