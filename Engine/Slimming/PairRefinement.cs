using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Slimming;

/// <summary>
/// Gauss-Newton step on the first of two units around a Relu: its weights move so that the second unit's output
/// comes closer to the target, dW = [(E m m') o (W2 W2')]^-1 (sum d x') G^-1, where d is the residual sent back
/// through the second unit and the Relu mask m, and G the Gram matrix of the input patches. The block's curvature is
/// taken as a Kronecker product; an exact line search along the step makes up for the approximation. Closed form, no labels.
/// </summary>
sealed class PairRefinement(
    LinearUnit first, LinearUnit second, PatchGraph patches, GramSums gram, PrefixRunner prefix, long[] secondWeightDims,
    PairRefinement.BatchTargets targets, bool reluAware, GramCollector collector, int images)
{
    /// <summary>Target and original value of the second unit's output for a batch.</summary>
    public delegate BatchInput[] BatchTargets(int firstImage, int count);

    const double Damping = 1e-2;

    CholeskyFactor? _factor; // The same at every step.

    /// <summary>Makes one step; changes the arrays of the first unit in place.</summary>
    /// <returns>Mean squared residual before the step.</returns>
    public double Step(float[,] w1, float[] b1, float[,] w2, float[] b2, long[] firstWeightDims, ulong stream, CancellationToken cancellation)
    {
        var (cross, masks, loss) = Gradient(w1, b1, w2, b2, firstWeightDims, stream, cancellation);
        var (dw, db) = Direction(cross, masks, w2);
        var eta = LineSearch(w1, b1, w2, b2, dw, db, firstWeightDims, cancellation);
        for (var o = 0; o < b1.Length; o++)
        {
            b1[o] += (float)(eta * db[o]);
            for (var i = 0; i < w1.GetLength(1); i++) w1[o, i] += (float)(eta * dw[o, i]);
        }
        return loss;
    }

    (double[] Cross, double[] Masks, double Loss) Gradient(float[,] w1, float[] b1, float[,] w2, float[] b2, long[] dims, ulong stream, CancellationToken cancellation)
    {
        var model = InternalGraph.Create();
        var graph = model.Graph;
        InternalGraph.Input(graph, first.Input, DataType.Float, prefix.Shape(first.Input).Length);
        var residual = AddForward(graph, w1, b1, w2, b2, dims);
        patches.AddInputs(graph);
        AddBack(graph, residual, w2);
        graph.Node.Add(NodeAttributes.Node("Mul", ["back", "mask"], ["delta"]));
        var x = patches.AddPatches(graph, first.Input);
        var d = patches.AddTargets(graph, "delta", "d");
        var m = patches.AddTargets(graph, "mask", "m");
        AddProduct(graph, d, x, "cross");
        AddProduct(graph, m, m, "masks");
        graph.Node.Add(NodeAttributes.Node("ReduceSumSquare", [residual], ["loss"]));
        foreach (var o in new[] { "cross", "masks", "loss" }) InternalGraph.Output(graph, o);

        var cross = new double[gram.Outputs * (gram.Rows + 1)];
        var masks = new double[gram.Outputs * gram.Outputs];
        var loss = new double[1];
        using var runner = new BatchRunner(model);
        var sampler = collector.Sampler(patches, stream, prefix);
        prefix.Stream(runner, (_, _, o, values, _) => GramSums.Add(o == 0 ? cross : o == 1 ? masks : loss, values), cancellation,
            (at, n) => [.. targets(at, n), .. sampler(at, n)], images);
        return (cross, masks, loss[0] / Math.Min(images, prefix.Count));
    }

    (float[,] Weights, double[] Bias) Direction(double[] cross, double[] masks, float[,] w2)
    {
        var (k, m) = (gram.Rows, gram.Outputs);
        // The Gram matrix may have been summed over more images than the gradient.
        var n = gram.Count * Math.Min(images, prefix.Count) / prefix.Count;
        var step = Enumerable.Range(0, m).Select(o => Enumerable.Range(0, k).Select(i =>
            cross[o * (k + 1) + i] / n - cross[o * (k + 1) + k] / n * (gram.Gram[k * (k + 1) + i] / gram.Count)).ToArray()).ToArray();
        (_factor ??= LeastSquares.Factor(gram, true)).Solve(step);

        var taps = w2.GetLength(1) / m;
        var curvature = Enumerable.Range(0, m).Select(a => Enumerable.Range(0, m).Select(b =>
        {
            var dot = 0.0;
            for (var o = 0; o < w2.GetLength(0); o++)
                for (var t = 0; t < taps; t++) dot += (double)w2[o, a * taps + t] * w2[o, b * taps + t];
            return dot * masks[a * m + b] / n;
        }).ToArray()).ToArray();
        var bias = new double[m];
        for (var o = 0; o < m; o++)
        {
            bias[o] = cross[o * (k + 1) + k] / n;
            for (var i = 0; i < k; i++) bias[o] -= gram.Gram[k * (k + 1) + i] / gram.Count * step[o][i];
        }
        var factor = RidgeFactor.Of(curvature, Damping);
        var columns = Enumerable.Range(0, k).Select(i => Enumerable.Range(0, m).Select(o => step[o][i]).ToArray()).ToArray();
        factor.Solve(columns);
        factor.Solve([bias]);
        var fitted = new double[m, k];
        for (var o = 0; o < m; o++)
            for (var i = 0; i < k; i++) fitted[o, i] = columns[i][o];
        var weights = new float[m, k];
        PatchOrder.Put(fitted, weights, 0, patches);
        return (weights, bias);
    }

    double LineSearch(float[,] w1, float[] b1, float[,] w2, float[] b2, float[,] dw, double[] db, long[] dims, CancellationToken cancellation)
    {
        var model = InternalGraph.Create();
        var graph = model.Graph;
        InternalGraph.Input(graph, first.Input, DataType.Float, prefix.Shape(first.Input).Length);
        var residual = AddForward(graph, w1, b1, w2, b2, dims);
        var move = ReluAwareResidual.AddUnit(graph, first, first.Input, dw, Array.ConvertAll(db, v => (float)v), dims, "move");
        graph.Node.Add(NodeAttributes.Node("Mul", [move, "mask"], ["moved"]));
        var effect = ReluAwareResidual.AddUnit(graph, second, "moved", w2, null, secondWeightDims, "effect");
        if (reluAware)
        {
            // Where the prediction is right by being negative, a small move changes nothing.
            graph.Node.Add(NodeAttributes.Node("Equal", [residual, "r_zero"], ["r_none"]));
            graph.Node.Add(NodeAttributes.Node("And", ["r_none", "r_off"], ["r_still"]));
            graph.Node.Add(NodeAttributes.Node("Where", ["r_still", "r_zero", effect], ["effect_aware"]));
            effect = "effect_aware";
        }
        graph.Node.Add(NodeAttributes.Node("Mul", [residual, effect], ["along"]));
        var sum = NodeAttributes.Node("ReduceSum", ["along"], ["num"]);
        sum.Set("keepdims", 0);
        graph.Node.Add(sum);
        graph.Node.Add(NodeAttributes.Node("ReduceSumSquare", [effect], ["den"]));
        InternalGraph.Output(graph, "num");
        InternalGraph.Output(graph, "den");
        double num = 0, den = 0;
        using var runner = new BatchRunner(model);
        prefix.Stream(runner, (_, _, o, values, _) =>
        {
            if (o == 0) num += values[0];
            else den += values[0];
        }, cancellation, (at, n) => targets(at, n), Math.Max(200, images / 4));
        return den > 0 ? num / den : 0;
    }

    // x -> first -> Relu (mask) -> second -> residual.
    string AddForward(GraphProto graph, float[,] w1, float[] b1, float[,] w2, float[] b2, long[] dims)
    {
        var y = ReluAwareResidual.AddUnit(graph, first, first.Input, w1, b1, dims, "y");
        graph.Node.Add(NodeAttributes.Node("Relu", [y], ["h"]));
        graph.Node.Add(NodeAttributes.Node("Sign", ["h"], ["mask"]));
        var z = ReluAwareResidual.AddUnit(graph, second, "h", w2, b2, secondWeightDims, "z");
        ReluAwareResidual.AddInputs(graph, prefix.Shape(first.Input).Length, reluAware);
        return ReluAwareResidual.AddResidual(graph, z, "target", reluAware ? "original" : null);
    }

    // The residual sent back through the second unit. At stride 1 a convolution with turned, flipped weights is
    // faster in ONNX Runtime than ConvTranspose.
    void AddBack(GraphProto graph, string residual, float[,] w2)
    {
        var (m2, k2) = (w2.GetLength(0), w2.GetLength(1));
        if (!second.IsConv)
        {
            var flat = new float[m2 * k2];
            Buffer.BlockCopy(w2, 0, flat, 0, flat.Length * sizeof(float));
            graph.Initializer.Add(TensorData.FromFloats("back_w", [m2, k2], flat));
            graph.Node.Add(NodeAttributes.Node("MatMul", [residual, "back_w"], ["back"]));
            return;
        }
        var kernel = secondWeightDims.Skip(2).ToArray();
        var taps = (int)kernel.Aggregate(1L, (a, b) => a * b);
        var channels = k2 / taps;
        var turned = new float[channels * m2 * taps];
        for (var o = 0; o < m2; o++)
            for (var c = 0; c < channels; c++)
                for (var t = 0; t < taps; t++) turned[(c * m2 + o) * taps + t] = w2[o, c * taps + taps - 1 - t];
        graph.Initializer.Add(TensorData.FromFloats("back_w", [channels, m2, .. kernel], turned));
        var conv = NodeAttributes.Node("Conv", [residual, "back_w"], ["back"]);
        var dilations = second.Node.Ints("dilations") ?? [.. kernel.Select(_ => 1L)];
        var pads = second.Node.Ints("pads") ?? new long[2 * kernel.Length];
        var rank = kernel.Length;
        conv.Set("dilations", dilations);
        conv.Set("pads", [.. Enumerable.Range(0, 2 * rank).Select(a => dilations[a % rank] * (kernel[a % rank] - 1) - pads[a])]);
        graph.Node.Add(conv);
    }

    static void AddProduct(GraphProto graph, string a, string b, string name)
    {
        var turn = NodeAttributes.Node("Transpose", [b], [$"{name}_turned"]);
        turn.Set("perm", 0, 2, 1);
        graph.Node.Add(turn);
        graph.Node.Add(NodeAttributes.Node("MatMul", [a, $"{name}_turned"], [name]));
    }

    /// <summary>True when a step is possible: one group each, and the second unit at stride 1 with explicit pads.</summary>
    public static bool Applies(LinearUnit first, LinearUnit second) =>
        first.Groups == 1 && second.Groups == 1 && first.HasBias && second.HasBias && first.IsConv == second.IsConv
        && (!second.IsConv || ((second.Node.Ints("strides") ?? [1]).All(s => s == 1) && second.Node.Text("auto_pad", "NOTSET") == "NOTSET"));
}
