using System.Text;
using Google.Protobuf;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>Every refusal a user may meet, word for word: command, exit code, sentence.</summary>
public sealed class RefusalSnapshotTests : IDisposable
{
    readonly ColourFolder _folder = new();
    readonly StringBuilder _text = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Files_that_are_no_models()
    {
        File("missing", null);
        File("empty", []);
        File("words", Encoding.UTF8.GetBytes("Not a model at all, only some words."));
        File("Git LFS pointer", Encoding.UTF8.GetBytes("version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 123\n"));
        File("web page", Encoding.UTF8.GetBytes("<!DOCTYPE html><html></html>"));
        File("pickle", [0x80, 2, 0x8A, 10, 1, 2, 3]);
        File("zip", [.. "PK\x03\x04"u8, .. new byte[40]]);
        File("truncated", Classifier().ToByteArray()[..700]);
        File("noise", [.. Enumerable.Range(0, 400).Select(i => (byte)(i * 37 + 200))]);
        Snapshot.Check("files", _text.ToString());
    }

    [Fact]
    public void Graphs_that_make_no_sense()
    {
        Model("no nodes", m => m.Graph.Node.Clear());
        Model("no outputs", m => m.Graph.Output.Clear());
        Model("no opset", m => m.OpsetImport.Clear());
        Model("unknown opset", m => m.OpsetImport[0].Version = 999, "explain");
        Model("unknown domain", m => m.Graph.Node[1].Domain = "com.example");
        Model("unknown operator", m => m.Graph.Node[1].OpType = "Reluu", "explain");
        Model("cycle", m => m.Graph.Node[0].Input[0] = m.Graph.Node[1].Output[0]);
        Model("tensor made twice", m => m.Graph.Node[1].Output[0] = m.Graph.Node[0].Output[0]);
        Model("initializer twice", m => m.Graph.Initializer.Add(m.Graph.Initializer[0].Clone()));
        Model("dangling input", m => m.Graph.Node[1].Input[0] = "nowhere");
        Model("line break in a name", m => m.Graph.Node[1].Input[0] = "no\nwhere");
        Model("attribute twice", m => m.Graph.Node[0].Attribute.Add(m.Graph.Node[0].Attribute[0].Clone()));
        Model("wrong shapes", m => m.Graph.Node[0].Input[1] = m.Graph.Initializer.Last(t => t.Dims.Count == 2).Name, "explain");
        Snapshot.Check("graphs", _text.ToString());
    }

    [Fact]
    public void Tensors_that_cannot_be_right()
    {
        Model("NaN weights", m => Weights(m, float.NaN));
        Model("infinite weights", m => Weights(m, float.PositiveInfinity));
        Model("too little data", m => m.Graph.Initializer[0].Dims[0] = 99);
        Model("negative dimension", m => m.Graph.Initializer[0].Dims[0] = -1);
        Model("overflowing dimensions", m => m.Graph.Initializer[0].Dims.AddRange([long.MaxValue, long.MaxValue]));
        Model("no element type", m => m.Graph.Initializer[0].DataType = 0);
        Model("missing external file", m => External(m, "weights.bin"));
        Model("external file outside", m => External(m, "../weights.bin"));
        Model("absolute external file", m => External(m, "/weights.bin"));
        Model("external data without a file", m => m.Graph.Initializer[0].DataLocation = TensorProto.Types.DataLocation.External);
        Model("input beyond memory", m => { foreach (var d in m.Graph.Input[0].Type.TensorType.Shape.Dim.Skip(2)) d.DimValue = 1 << 20; }, "explain", hideNumbers: true);
        Snapshot.Check("tensors", _text.ToString());
    }

    [Fact]
    public void Models_that_do_not_fit_the_command()
    {
        var data = new[] { "--data", _folder.Data, "--mean", "0.5", "--std", "0.25" };
        var b = new GraphBuilder(1);
        var two = b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(b.Relu(b.Conv(b.Add(b.Input("left", 3, 32, 32), b.Input("right", 3, 32, 32)), 8)))), 3));
        Case("two inputs", two, "eval", data);
        b = new GraphBuilder(1);
        Case("a map of boxes", b.Build(b.Conv(b.Input("x", 3, 32, 32), 8)), "eval", data);
        b = new GraphBuilder(1);
        Case("another image size", b.Build(b.Gemm(b.Flatten(b.Conv(b.Input("x", 5, 7, 7), 8)), 3)), "eval", data);
        Case("fewer outputs than labels", new GraphBuilder(1) is var c ? c.Build(c.Gemm(c.Flatten(c.GlobalAveragePool(c.Input("x", 3, 32, 32))), 2)) : null, "eval", data);
        Case("nothing to remove", new GraphBuilder(1) is var d ? d.Build(d.Relu(d.Input("x", 3, 32, 32))) : null, "slim", "--sparsity", "0.3");
        Case("only the returned channels", new GraphBuilder(1) is var e ? e.Build(e.Conv(e.Input("x", 3, 32, 32), 8)) : null, "slim", "--sparsity", "0.3");
        Snapshot.Check("models", _text.ToString());
    }

    void File(string title, byte[]? bytes)
    {
        if (bytes is not null) System.IO.File.WriteAllBytes(Path.Combine(_folder.Root, "model.onnx"), bytes);
        Run(title, "inspect");
    }

    void Model(string title, Action<ModelProto> damage, string command = "inspect", bool hideNumbers = false)
    {
        var model = Classifier();
        damage(model);
        System.IO.File.WriteAllBytes(Path.Combine(_folder.Root, "model.onnx"), model.ToByteArray());
        Run(title, command, [], hideNumbers);
    }

    void Case(string title, ModelProto? model, string command, params string[] options)
    {
        System.IO.File.WriteAllBytes(Path.Combine(_folder.Root, "model.onnx"), model!.ToByteArray());
        Run(title, command, options);
    }

    void Run(string title, string command, string[]? options = null, bool hideNumbers = false)
    {
        var result = CliRunner.Run([command, "model.onnx", .. options ?? []], _folder.Root);
        var error = result.ExpectError(result.ExitCode).Replace(_folder.Root, "FOLDER", StringComparison.Ordinal);
        // How much memory there is depends on the machine.
        if (hideNumbers) error = System.Text.RegularExpressions.Regex.Replace(error, @"[\d,]+ MB", "# MB");
        _text.Append(title).Append(": ").Append(command).Append(", exit code ").Append(result.ExitCode).Append("\n  ").Append(error).Append('\n');
        Assert.Equal([], Directory.EnumerateFiles(_folder.Root).Select(Path.GetFileName).Except(["model.onnx", "colours.onnx"]));
    }

    static void Weights(ModelProto model, float value)
    {
        var tensor = model.Graph.Initializer[0];
        TensorData.SetFloats(tensor, [.. TensorData.Floats(tensor).Select((v, i) => i == 5 ? value : v)]);
    }

    static void External(ModelProto model, string location)
    {
        var tensor = model.Graph.Initializer[0];
        tensor.ClearRawData();
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
    }

    static ModelProto Classifier()
    {
        var b = new GraphBuilder(1);
        var x = b.Relu(b.Conv(b.Input("x", 3, 32, 32), 8, name: "conv"), "relu");
        return b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(x, "pool"), "flatten"), 3, name: "fc"));
    }
}
