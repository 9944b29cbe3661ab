using System.Globalization;
using System.Runtime.InteropServices;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataLocation = OnnxEdit.Surgery.Proto.TensorProto.Types.DataLocation;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Tests.Support;

/// <summary>Writes a chain of wide fully connected layers of any size, weights as external data, in little memory.</summary>
public static class BigModel
{
    const int Width = 6144;
    const int Ends = 64;

    /// <summary>Writes x [N, 64] -> 6144 -> ... -> 6144 -> 10, MatMul and Gemm in turns.</summary>
    /// <param name="path">The model; its weights go to a file of this name with ".data" behind it.</param>
    /// <param name="gigabytes">Size of the weights.</param>
    public static void Write(string path, double gigabytes)
    {
        var layers = Math.Max(1, (int)Math.Round(gigabytes * 1e9 / (4.0 * Width * Width)));
        var model = new ModelProto { IrVersion = 8, ProducerName = "benchmarks", Graph = new GraphProto { Name = "big" } };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        var graph = model.Graph;
        graph.Input.Add(Describe("x", Ends));
        using var data = new FileStream(path + ".data", FileMode.CreateNew, FileAccess.Write);
        var at = "x";
        for (var l = 0; l <= layers + 1; l++)
        {
            var (inputs, outputs) = (l == 0 ? Ends : Width, l == layers + 1 ? 10 : Width);
            var gemm = l % 2 == 0;
            graph.Initializer.Add(Weights($"w{l}", gemm ? [outputs, inputs] : [inputs, outputs], inputs, (ulong)l, data, Path.GetFileName(path)));
            var node = NodeAttributes.Node(gemm ? "Gemm" : "MatMul", [at, $"w{l}"], [l == layers + 1 ? "y" : $"h{l}"], $"layer{l}");
            if (gemm) node.Set("transB", 1L);
            graph.Node.Add(node);
            if (l <= layers) graph.Node.Add(NodeAttributes.Node("Relu", [$"h{l}"], [at = $"r{l}"]));
        }
        graph.Output.Add(Describe("y", 10));
        AtomicFile.Write(path, stream => Google.Protobuf.MessageExtensions.WriteTo(model, stream));
    }

    // Gaussian numbers cost more than the rest of the test, so one row of them is drawn and shifted by a step of its own for each row.
    static TensorProto Weights(string name, long[] dims, int fanIn, ulong stream, FileStream data, string model)
    {
        var random = new Philox4x32(7, stream);
        var scale = Math.Sqrt(2.0 / fanIn);
        var pool = new float[1 << 16];
        for (var i = 0; i < pool.Length; i++) pool[i] = (float)(scale * random.NextGaussian());
        data.Position = (data.Length + 4095) / 4096 * 4096;
        var tensor = new TensorProto { Name = name, DataType = (int)DataType.Float, DataLocation = DataLocation.External };
        tensor.Dims.AddRange(dims);
        Entry("location", model + ".data");
        Entry("offset", data.Position.ToString(CultureInfo.InvariantCulture));
        Entry("length", (4 * dims[0] * dims[1]).ToString(CultureInfo.InvariantCulture));
        var row = new float[dims[1]];
        for (var r = 0L; r < dims[0]; r++)
        {
            var shift = random.NextInt(pool.Length);
            var size = (float)(0.5 + random.NextDouble());
            for (var c = 0; c < row.Length; c++) row[c] = size * pool[(shift + c) & (pool.Length - 1)];
            data.Write(MemoryMarshal.AsBytes<float>(row));
        }
        return tensor;

        void Entry(string key, string value) => tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
    }

    static ValueInfoProto Describe(string name, long width)
    {
        var type = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float, Shape = new TensorShapeProto() };
        type.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "N" });
        type.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = width });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = type } };
    }
}
