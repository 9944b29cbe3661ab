using System.Runtime.InteropServices;
using Google.Protobuf;
using OnnxEdit.Engine.Deployment;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Tests.Support;

namespace OnnxEdit.Serving.Tests;

/// <summary>A temporary folder with small models to serve, removed afterwards.</summary>
sealed class ServedModels : IDisposable
{
    readonly string _root = Directory.CreateTempSubdirectory("onnxedit-test-").FullName;

    internal string Root => _root;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    /// <summary>y = 2 x, any length; rows of different lengths cannot be put together.</summary>
    internal static ModelProto Doubling(float factor = 2)
    {
        var b = new GraphBuilder(1);
        var model = b.Build(b.Mul(b.Input("x", 4), b.Floats("factor", [1], factor)));
        foreach (var value in model.Graph.Input.Concat(model.Graph.Output)) value.Type.TensorType.Shape.Dim[1] = new() { DimParam = "length" };
        return model;
    }

    /// <summary>y = x + z, rows of 2.</summary>
    internal static ModelProto Sum()
    {
        var b = new GraphBuilder(1);
        return b.Build(b.Add(b.Input("x", 2), b.Input("z", 2)));
    }

    internal string Write(string name, int version, ModelProto model) => Write(name, version, model.ToByteArray());

    internal string Write(string name, int version, byte[] bytes)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_root, name, $"{version}")).FullName;
        var path = Path.Combine(folder, ModelRepository.ModelFile);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    internal static TensorValue Rows(string name, int rows, params float[] values) =>
        new(name, ServedType.Named("FP32")!, [rows, values.Length / rows], MemoryMarshal.AsBytes<float>(values).ToArray());

    internal static float[] Floats(TensorValue value) => MemoryMarshal.Cast<byte, float>(value.Bytes.Span).ToArray();
}
