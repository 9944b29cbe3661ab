using System.Runtime.InteropServices;
using Google.Protobuf;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Tests.Support;

namespace OnnxEdit.Fuzz;

/// <summary>Small models whose answer to 1 tells which file, and which file of weights, it comes from: y = x * weights + own. All are of one size.</summary>
static class TellingModel
{
    /// <summary>The file of weights that models with external data name.</summary>
    internal const string DataFile = "weights.bin";

    // Some pages, so that ONNX Runtime would map them.
    const int Width = 4096;

    /// <summary>A model file.</summary>
    /// <param name="own">What it adds.</param>
    /// <param name="weight">What it multiplies by; null: the values of <see cref="DataFile"/>.</param>
    internal static byte[] Model(float own, float? weight)
    {
        var b = new GraphBuilder(1);
        var weights = b.Floats("weights", [weight is null ? Width : 1], [.. Enumerable.Repeat(weight ?? 0, weight is null ? Width : 1)]);
        var model = b.Build(b.Add(b.Mul(b.Input("x", 1), weights), b.Floats("own", [1], own)));
        model.Graph.Output[0].Type.TensorType.Shape.Dim[1] = new() { DimValue = weight is null ? Width : 1 };
        if (weight is not null) return model.ToByteArray();
        var tensor = model.Graph.Initializer.Single(initializer => initializer.Name == weights);
        tensor.FloatData.Clear();
        tensor.ClearRawData();
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = DataFile });
        return model.ToByteArray();
    }

    /// <summary>A file of weights.</summary>
    internal static byte[] Data(float weight) => MemoryMarshal.AsBytes<float>(Enumerable.Repeat(weight, Width).ToArray()).ToArray();
}
