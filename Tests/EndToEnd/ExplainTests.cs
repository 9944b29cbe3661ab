using Google.Protobuf;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class ExplainTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_group_is_listed_with_what_it_saves_or_what_locks_it()
    {
        var output = CliRunner.Run(["explain", TwoLayers()]).Expect(0).StdOut;
        // A channel of the first layer is 2 weights and a bias, and 3 weights of the second.
        Assert.Matches(@"first\s+4\s+6\s+5\s+first\s+second\s+prunable", output);
        Assert.Contains("locked by output 'y': the model returns these channels", output, StringComparison.Ordinal);
        Assert.Contains("At most 66.67 % of 27 parameters and 75.00 % of 20 MACs", output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_json_result_names_nodes_operators_and_reasons()
    {
        var json = CliRunner.Run(["explain", TwoLayers(), "--json"]).Expect(0).Json();
        Assert.Equal("onnxedit.explain/1", json.GetProperty("schema").GetString());
        Assert.Equal(9, json.GetProperty("leastParameters").GetInt64());
        var groups = json.GetProperty("groups");
        Assert.Equal(4, groups[0].GetProperty("prunable").GetInt32());
        Assert.Equal("second", groups[0].GetProperty("consumers")[0].GetProperty("node").GetString());
        var reason = groups[1].GetProperty("locks")[0];
        Assert.Equal("output", reason.GetProperty("op").GetString());
        Assert.Equal(3, reason.GetProperty("channels").GetInt32());
    }

    [Fact]
    public void One_group_is_shown_with_all_its_nodes()
    {
        var model = TwoLayers();
        var output = CliRunner.Run(["explain", model, "--group", "first"]).Expect(0).StdOut;
        Assert.Matches(@"made by\s+Gemm 'first'", output);
        Assert.Matches(@"read by\s+Gemm 'second'", output);
        Assert.Contains("'first', 'second'", CliRunner.Run(["explain", model, "--group", "third"]).ExpectError(2), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sum", "")]
    [InlineData("product", "")]
    [InlineData("branches", " outside the sub-graphs of If 'chosen', which stay as they are")]
    public void A_model_without_channels_is_one_sentence(string kind, string where)
    {
        var model = _folder.Write("none.onnx", ChannelFree.Model(kind).ToByteArray());
        var because = $"the model has no convolution or matrix product with constant weights{where}.";
        Assert.Equal($"No channel can be removed: {because}", CliRunner.Run(["explain", model]).Expect(0).StdOut.Trim());
        Assert.Equal(0, CliRunner.Run(["explain", model, "--json"]).Expect(0).Json().GetProperty("groups").GetArrayLength());
        Assert.Contains($"There is no channel group 'conv1': {because}", CliRunner.Run(["explain", model, "--group", "conv1"]).ExpectError(2), StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_counts_the_groups()
    {
        var model = TwoLayers();
        Assert.Matches(@"channel groups\s+1 prunable \(4 channels\), 1 locked", CliRunner.Run(["inspect", model]).Expect(0).StdOut);
        var json = CliRunner.Run(["inspect", model, "--json"]).Expect(0).Json();
        Assert.Equal(1, json.GetProperty("channels").GetProperty("locked").GetInt32());
    }

    [Fact]
    public void The_residual_groups_of_a_real_model_are_prunable()
    {
        var json = CliRunner.Run(["explain", SharedData.Require("models", "resnet20_cifar10_bn.onnx"), "--json"]).Expect(0).Json();
        var locked = json.GetProperty("groups").EnumerateArray().Where(group => group.GetProperty("prunable").GetInt32() == 0).ToArray();
        Assert.Equal("output", Assert.Single(locked).GetProperty("locks")[0].GetProperty("op").GetString());
    }

    string TwoLayers()
    {
        var graph = new GraphProto { Name = "two layers" };
        graph.Input.Add(Vector("x", 2));
        graph.Output.Add(Vector("y", 3));
        graph.Initializer.Add(TensorData.FromFloats("w1", [2, 4], [1, 2, 3, 4, 5, 6, 7, 8]));
        graph.Initializer.Add(TensorData.FromFloats("b1", [4], [1, 2, 3, 4]));
        graph.Initializer.Add(TensorData.FromFloats("w2", [4, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
        graph.Initializer.Add(TensorData.FromFloats("b2", [3], [1, 2, 3]));
        graph.Node.Add(NodeAttributes.Node("Gemm", ["x", "w1", "b1"], ["h"], "first"));
        graph.Node.Add(NodeAttributes.Node("Relu", ["h"], ["r"], "relu"));
        graph.Node.Add(NodeAttributes.Node("Gemm", ["r", "w2", "b2"], ["y"], "second"));
        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        return _folder.Write("two.onnx", model.ToByteArray());
    }

    static ValueInfoProto Vector(string name, long size)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "N" });
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = size });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1, Shape = shape } } };
    }
}
