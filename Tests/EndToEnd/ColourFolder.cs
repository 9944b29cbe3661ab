using Google.Protobuf;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.EndToEnd;

/// <summary>
/// A temporary folder with a classifier that tells red, green and blue images apart, and a CIFAR file of such images.
/// Every tenth image carries a wrong label, so that the accuracy is 90 %.
/// </summary>
sealed class ColourFolder : IDisposable
{
    internal const int Images = 60;
    internal const string Normalisation = "--mean 0.5 --std 0.25";

    readonly TempFolder _folder = new();

    internal ColourFolder()
    {
        _folder.Write("colours.onnx", Classifier().ToByteArray());
        _folder.Write("data/test_batch.bin", Records());
        _folder.WriteText("data/batches.meta.txt", "red\ngreen\nblue\n");
    }

    internal string Root => _folder.Path;

    internal string Model => _folder["colours.onnx"];

    internal string Data => _folder["data"];

    public void Dispose() => _folder.Dispose();

    /// <summary>input [N,3,32,32] -> GlobalAveragePool -> Flatten -> Gemm -> Softmax [N,3].</summary>
    static ModelProto Classifier()
    {
        var graph = new GraphProto { Name = "colours" };
        graph.Input.Add(Tensor("input", null, 3, 32, 32));
        graph.Output.Add(Tensor("probabilities", null, 3));
        graph.Initializer.Add(TensorData.FromFloats("weight", [3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]));
        graph.Initializer.Add(TensorData.FromFloats("bias", [3], [0, 0, 0]));
        graph.Node.Add(NodeAttributes.Node("GlobalAveragePool", ["input"], ["pooled"], "pool"));
        graph.Node.Add(NodeAttributes.Node("Flatten", ["pooled"], ["flat"], "flatten"));
        graph.Node.Add(NodeAttributes.Node("Gemm", ["flat", "weight", "bias"], ["logits"], "head"));
        graph.Node.Add(NodeAttributes.Node("Softmax", ["logits"], ["probabilities"], "softmax"));
        var model = new ModelProto { IrVersion = 8, ProducerName = "test", Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        return model;
    }

    static ValueInfoProto Tensor(string name, int? batch, params int[] extents)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(batch is { } size
            ? new TensorShapeProto.Types.Dimension { DimValue = size }
            : new TensorShapeProto.Types.Dimension { DimParam = "N" });
        foreach (var extent in extents) shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = extent });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1, Shape = shape } } };
    }

    static byte[] Records()
    {
        const int plane = 1024;
        var bytes = new byte[Images * (1 + (3 * plane))];
        for (var image = 0; image < Images; image++)
        {
            var record = bytes.AsSpan(image * (1 + (3 * plane)), 1 + (3 * plane));
            var colour = image % 3;
            record[0] = (byte)(image % 10 == 0 ? (colour + 1) % 3 : colour);
            record[1..].Fill(60);
            record.Slice(1 + (colour * plane), plane).Fill(200);
        }

        return bytes;
    }
}
