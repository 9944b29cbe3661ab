using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Benchmarks;

/// <summary>
/// Fills a model with seeded random weights at which signals neither die nor explode: He-scaled normals for matrices and
/// kernels, scales near 1, positive variances, small shifts. Weights made by ConstantOfShape nodes become initializers.
/// </summary>
static class RandomWeights
{
    /// <summary>Runs: model, output, seed.</summary>
    public static int Run(string[] args)
    {
        var model = OnnxModel.Load(args[0]);
        var proto = model.Proto.Clone();
        Fill(proto, ulong.Parse(args[2], System.Globalization.CultureInfo.InvariantCulture));
        model.With(proto).Save(args[1], overwrite: true);
        return 0;
    }

    /// <summary>Fills a model in place.</summary>
    public static void Fill(ModelProto model, ulong seed)
    {
        ConstantFolding.Apply(model);
        _ = ConstantFills.Expand(model);
        var index = new GraphIndex(model.Graph);
        var stream = 0UL;
        foreach (var tensor in model.Graph.Initializer)
        {
            stream++;
            if (!TensorData.IsFloat(tensor) || TensorData.ElementCount(tensor) < 2 || index.Consumers(tensor.Name) is not [var node, ..]) continue;
            var random = new Philox4x32(seed, stream);
            var (mean, deviation) = Distribution(node, node.Input.IndexOf(tensor.Name), tensor);
            var values = new float[TensorData.ElementCount(tensor)];
            for (var i = 0; i < values.Length; i++)
            {
                var v = mean + deviation * random.NextGaussian();
                values[i] = (float)(mean > 0 ? Math.Abs(v) : v);
            }
            TensorData.SetFloats(tensor, values);
        }
    }

    // Weights: variance 2 / fan-in (He et al. 2015). Scales and variances about 1, shifts and means about 0.
    static (double Mean, double Deviation) Distribution(NodeProto node, int input, TensorProto tensor)
    {
        var elements = (double)TensorData.ElementCount(tensor);
        return (node.OpType, input) switch
        {
            ("Conv", 1) => (0, Math.Sqrt(2 * tensor.Dims[0] / elements)),
            ("ConvTranspose", 1) => (0, Math.Sqrt(2.0 / tensor.Dims[0])),
            ("Gemm", 1) => (0, Math.Sqrt(2.0 / tensor.Dims[node.Int("transB", 0) != 0 ? 1 : 0])),
            ("MatMul", _) => (0, Math.Sqrt(2.0 / tensor.Dims[^Math.Min(2, tensor.Dims.Count)])),
            ("BatchNormalization", 1 or 4) or ("InstanceNormalization" or "LayerNormalization" or "GroupNormalization", 1) => (1, 0.2),
            ("Mul", _) => (1, 0.2),
            _ => (0, 0.1),
        };
    }
}
