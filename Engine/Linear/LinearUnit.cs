using System.Runtime.InteropServices;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Linear;

/// <summary>
/// A Conv, Gemm or MatMul with constant weights seen as one affine map y = W x + b of input patches, with an
/// inference BatchNormalization or a constant bias Add that follows it folded in. Folded and un-folded exports of a
/// network look the same through it; <see cref="Write"/> puts new weights back into whatever form the graph has.
/// </summary>
sealed class LinearUnit
{
    readonly GraphProto _graph;
    readonly NodeProto? _norm;
    readonly NodeProto? _bias;

    LinearUnit(NodeProto node, NodeProto? norm, NodeProto? bias, GraphProto graph)
    {
        (Node, _norm, _bias, _graph) = (node, norm, bias, graph);
        Output = (norm ?? bias ?? node).Output[0];
    }

    /// <summary>The linear operator.</summary>
    public NodeProto Node { get; }

    /// <summary>Tensor it reads.</summary>
    public string Input => Node.Input[0];

    /// <summary>Tensor the folded map makes: the normalised or biased output.</summary>
    public string Output { get; }

    /// <summary>True for a convolution.</summary>
    public bool IsConv => Node.OpType == "Conv";

    /// <summary>Groups of a convolution, 1 otherwise.</summary>
    public int Groups => IsConv ? (int)Node.Int("group", 1) : 1;

    /// <summary>False for a MatMul with nothing after it that could hold a constant term.</summary>
    public bool HasBias => Node.OpType != "MatMul" || _bias is not null || _norm is not null;

    /// <summary>The unit of a node of <paramref name="graph"/>, or null when its weights are not constant.</summary>
    public static LinearUnit? Of(NodeProto node, GraphProto graph, GraphIndex index)
    {
        if (node.OpType is not ("Conv" or "Gemm" or "MatMul") || node.Input.Count < 2 || index.Initializer(node.Input[1]) is null) return null;
        if (node.OpType == "MatMul" && index.Initializer(node.Input[1])!.Dims.Count != 2) return null;
        if (node.OpType == "Gemm" && (node.Int("transA", 0) != 0 || node.Float("alpha", 1) != 1 || node.Float("beta", 1) != 1)) return null;
        if (node.OpType == "Conv" && index.Initializer(node.Input[1])!.Dims.Count is not (3 or 4)) return null;
        if (index.Consumers(node.Input[1]).Count > 1) return null;
        NodeProto? norm = null, bias = null;
        if (!index.IsOutput(node.Output[0]) && index.Consumers(node.Output[0]) is [var next])
        {
            if (next.OpType == "BatchNormalization" && node.OpType != "Gemm" && next.Input[0] == node.Output[0]
                && next.Input.Skip(1).Take(4).All(i => index.Initializer(i) is not null && index.Consumers(i).Count == 1)) norm = next;
            else if (next.OpType == "Add" && node.OpType == "MatMul"
                && next.Input.FirstOrDefault(i => i != node.Output[0]) is { } b && index.Initializer(b) is { Dims.Count: 1 } && index.Consumers(b).Count == 1)
                bias = next;
        }
        return new LinearUnit(node, norm, bias, graph);
    }

    /// <summary>
    /// True where the weights of each output are plus or minus one number, as a binary network has them: a re-fit would make
    /// floats of them.
    /// </summary>
    public bool IsBinary()
    {
        var weights = Read().Weights;
        var (m, k) = (weights.GetLength(0), weights.GetLength(1));
        if (k < 2) return false;
        for (var o = 0; o < m; o++)
            for (var i = 0; i < k; i++)
                if (weights[o, i] == 0 || Math.Abs(weights[o, i]) != Math.Abs(weights[o, 0])) return false;
        return true;
    }

    /// <summary>
    /// Folded weights [M, K] and bias [M]. K runs over input channels (per group), then kernel taps, as in the file.
    /// </summary>
    public (float[,] Weights, float[] Bias) Read()
    {
        var tensor = Find(Node.Input[1]);
        // Where they lie, if they lie there as floats: they may be hundreds of megabytes.
        var values = tensor.DataType == (int)TensorProto.Types.DataType.Float ? MemoryMarshal.Cast<byte, float>(TensorData.View(tensor)) : TensorData.Floats(tensor);
        var (m, k) = Size(tensor);
        var transposed = IsTransposed;
        var weights = new float[m, k];
        var (scale, shift) = Affine(m);
        for (var o = 0; o < m; o++)
            for (var i = 0; i < k; i++)
                weights[o, i] = (transposed ? values[i * m + o] : values[o * k + i]) * scale[o];
        return (weights, shift);
    }

    /// <summary>Sum over the folded weights of each output, read piece by piece: sum_k f(w_ok).</summary>
    public double[] FilterSums(Func<double, double> f)
    {
        var tensor = Find(Node.Input[1]);
        var (m, k) = Size(tensor);
        var (scale, _) = Affine(m);
        var sums = new double[m];
        var piece = new float[64 * 1024];
        var count = (long)m * k;
        for (long at = 0; at < count; at += piece.Length)
        {
            var values = piece.AsSpan(0, (int)Math.Min(piece.Length, count - at));
            TensorData.ReadFloats(tensor, at, values);
            for (var i = 0; i < values.Length; i++)
            {
                var o = IsTransposed ? (at + i) % m : (at + i) / k;
                sums[o] += f(values[i] * scale[o]);
            }
        }
        return sums;
    }

    /// <summary>Puts folded weights and bias back, un-folding the normalisation.</summary>
    public void Write(float[,] weights, float[] bias)
    {
        var tensor = Find(Node.Input[1]);
        var (m, k) = Size(tensor);
        var (scale, _) = Affine(m);
        var transposed = IsTransposed;
        var values = new float[m * k];
        for (var o = 0; o < m; o++)
        {
            // A dead normalised channel (gamma 0) cannot be scaled back; it gets gamma 1 instead.
            var s = _norm is null ? 1f : Math.Abs(scale[o]) < 1e-12f ? Revive(o) : scale[o];
            for (var i = 0; i < k; i++) values[transposed ? i * m + o : o * k + i] = weights[o, i] / s;
        }
        TensorData.SetFloats(tensor, values);
        if (_norm is not null)
        {
            var (gamma, mean, variance) = (Floats(_norm.Input[1]), Floats(_norm.Input[3]), Floats(_norm.Input[4]));
            var eps = _norm.Float("epsilon", 1e-5f);
            var inner = Node.OpType == "Conv" && Node.Input.Count > 2 && Node.Input[2].Length > 0 ? Floats(Node.Input[2]) : new float[m];
            var beta = new float[m];
            for (var o = 0; o < m; o++)
                beta[o] = (float)(bias[o] - (inner[o] - mean[o]) * (double)gamma[o] / Math.Sqrt(variance[o] + (double)eps));
            TensorData.SetFloats(Find(_norm.Input[2]), beta);
        }
        else if (_bias is not null) TensorData.SetFloats(Find(_bias.Input.First(i => i != Node.Output[0])), bias);
        else if (Node.OpType is "Conv" or "Gemm") WriteOwnBias(bias);
    }

    bool IsTransposed => Node.OpType == "MatMul" || (Node.OpType == "Gemm" && Node.Int("transB", 0) == 0);

    (int M, int K) Size(TensorProto tensor)
    {
        var count = (int)TensorData.ElementCount(tensor);
        var m = (int)(IsTransposed ? tensor.Dims[1] : tensor.Dims[0]);
        return (m, count / Math.Max(1, m));
    }

    // y = scale * (W x) + shift per output channel.
    (float[] Scale, float[] Shift) Affine(int m)
    {
        var own = Node.OpType is "Conv" or "Gemm" && Node.Input.Count > 2 && Node.Input[2].Length > 0 ? Floats(Node.Input[2]) : new float[m];
        if (own.Length == 1 && m > 1) own = [.. Enumerable.Repeat(own[0], m)];
        var scale = new float[m];
        Array.Fill(scale, 1f);
        if (_bias is not null) return (scale, Floats(_bias.Input.First(i => i != Node.Output[0])));
        if (_norm is null) return (scale, own);
        var (gamma, beta, mean, variance) = (Floats(_norm.Input[1]), Floats(_norm.Input[2]), Floats(_norm.Input[3]), Floats(_norm.Input[4]));
        var eps = _norm.Float("epsilon", 1e-5f);
        var shift = new float[m];
        for (var o = 0; o < m; o++)
        {
            var s = gamma[o] / Math.Sqrt(variance[o] + (double)eps);
            scale[o] = (float)s;
            shift[o] = (float)(beta[o] + (own[o] - mean[o]) * s);
        }
        return (scale, shift);
    }

    float Revive(int channel)
    {
        var gamma = Floats(_norm!.Input[1]);
        gamma[channel] = MathF.Sqrt(Floats(_norm.Input[4])[channel] + _norm.Float("epsilon", 1e-5f));
        TensorData.SetFloats(Find(_norm.Input[1]), gamma);
        return 1f;
    }

    void WriteOwnBias(float[] bias)
    {
        if (Node.Input.Count > 2 && Node.Input[2].Length > 0 && TensorData.ElementCount(Find(Node.Input[2])) == bias.Length && IsOwn(Node.Input[2]))
        {
            TensorData.SetFloats(Find(Node.Input[2]), bias);
            return;
        }
        if (Node.Input.Count < 3 && Array.TrueForAll(bias, b => b == 0)) return;
        while (Node.Input.Count < 3) Node.Input.Add("");
        var tensor = TensorData.FromFloats($"{Node.Output[0]}_bias", [bias.Length], bias);
        tensor.DataType = Find(Node.Input[1]).DataType;
        TensorData.SetFloats(tensor, bias);
        _graph.Initializer.Add(tensor);
        Node.Input[2] = tensor.Name;
    }

    // Another node may share the tensor; it keeps its values then.
    bool IsOwn(string name) => _graph.Node.Sum(n => n.Input.Count(i => i == name)) == 1;

    TensorProto Find(string name) => _graph.Initializer.First(t => t.Name == name);

    float[] Floats(string name) => TensorData.Floats(Find(name));
}
