using MathNet.Numerics.LinearAlgebra;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Model;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Refit;

/// <summary>
/// Makes the mean features of forgotten classes equal to those of the others with the least change of a least-squares fit.
/// A feature is linear in the weights of its channel as long as the Relu mask (the slopes of another activation) stays, so each class is one linear equation
/// per channel: dw = G^-1 D' (D G^-1 D')^-1 gap.
/// </summary>
sealed class MeanMatch(FeatureStage stage, PatchGraph patches, IReadOnlyList<long> weightDims)
{
    readonly PatchGraph _patches = patches;

    /// <summary>Mean features of some images, and their derivatives by the weights of each channel, the constant term last.</summary>
    public sealed record Means(double[] Features, double[][] Derivatives)
    {
        /// <summary>Euclidean distance of the mean features.</summary>
        public double Distance(Means other) => Math.Sqrt(Features.Zip(other.Features, (a, b) => (a - b) * (a - b)).Sum());
    }

    // Every position takes part.
    readonly GramCollector _collector = new(0, int.MaxValue);

    /// <summary>Measures the first <paramref name="limit"/> images of a prefix at given weights of the unit.</summary>
    public Means Measure(PrefixRunner prefix, float[,] weights, float[] bias, int limit, CancellationToken cancellation)
    {
        var patches = _patches.Without(prefix.Padding);
        var (unit, other) = (stage.Last.Unit, stage.Last.Other);
        var model = InternalGraph.Create();
        var graph = model.Graph;
        InternalGraph.Input(graph, unit.Input, DataType.Float, prefix.Shape(unit.Input).Length);
        if (other is not null && other != unit.Input) InternalGraph.Input(graph, other, DataType.Float, prefix.Shape(other).Length);
        var y = ReluAwareResidual.AddUnit(graph, unit, unit.Input, weights, bias, [.. weightDims], "y");
        if (other is not null) graph.Node.Add(NodeAttributes.Node("Add", [y, other], [y = "sum"]));
        var (activated, slope) = stage.Curve?.AddNodes(graph, y) ?? (y, "");
        graph.Node.Add(NodeAttributes.Node(stage.HasRelu ? "Relu" : "Identity", [activated], ["passed"]));
        if (stage.HasRelu) graph.Node.Add(NodeAttributes.Node("Sign", ["passed"], ["mask"]));
        else if (stage.Curve is not null) graph.Node.Add(NodeAttributes.Node("Identity", [slope], ["mask"]));
        else
        {
            graph.Node.Add(NodeAttributes.Node("Sub", [y, y], ["zeros"]));
            graph.Node.Add(NodeAttributes.Node("Exp", ["zeros"], ["mask"]));
        }
        patches.AddInputs(graph);
        var x = patches.AddPatches(graph, unit.Input);
        var mask = patches.AddTargets(graph, "mask", "m");
        var passed = patches.AddTargets(graph, "passed", "f");
        var turn = NodeAttributes.Node("Transpose", [x], ["turned"]);
        turn.Set("perm", 0, 2, 1);
        graph.Node.Add(turn);
        graph.Node.Add(NodeAttributes.Node("MatMul", [mask, "turned"], ["derivatives"]));
        var sum = NodeAttributes.Node("ReduceSum", [passed, "last_axis"], ["features"]);
        sum.Set("keepdims", 0);
        graph.Initializer.Add(TensorData.FromIntegers("last_axis", [1], [2]));
        graph.Node.Add(sum);
        InternalGraph.Output(graph, "derivatives");
        InternalGraph.Output(graph, "features");

        var derivatives = new double[stage.Channels * (patches.Rows + 1)];
        var features = new double[stage.Channels];
        using var runner = new BatchRunner(model);
        var sampler = _collector.Sampler(patches, 0, prefix);
        prefix.Stream(runner, (_, _, o, values, _) => GramSums.Add(o == 0 ? derivatives : features, values), cancellation, sampler, limit);
        var items = Math.Min(prefix.Count, limit);
        var count = items * stage.Positions * (patches.IsMasked ? prefix.Padding!.Share(items) : 1);
        return new Means([.. features.Select(f => f / count)],
            [.. Enumerable.Range(0, stage.Channels).Select(k => derivatives[(k * (patches.Rows + 1))..((k + 1) * (patches.Rows + 1))].Select(d => d / count).ToArray())]);
    }

    /// <summary>Changes weights [C, rows] and constant terms so that the means of all classes come closer to those of the images that stay.</summary>
    /// <param name="weights">Weights in patch order.</param>
    /// <param name="bias">Constant terms.</param>
    /// <param name="share">How much of the distance to close.</param>
    /// <param name="stay">Means of the images that stay.</param>
    /// <param name="go">Means of each class.</param>
    /// <param name="sums">The sums of the fit.</param>
    /// <param name="factor">Factor of their centred Gram matrix.</param>
    public void Close(double[,] weights, double[] bias, double share, Means stay, Means[] go, GramSums sums, CholeskyFactor factor)
    {
        var rows = _patches.Rows;
        double[] mean = [.. Enumerable.Range(0, rows).Select(i => sums.Gram[rows * (rows + 1) + i] / sums.Count)];
        // The constant term follows so that the mean output of the fit stays; what it changes is part of the derivative.
        double[] Difference(Means g, int k) => [.. Enumerable.Range(0, rows).Select(i =>
            g.Derivatives[k][i] - stay.Derivatives[k][i] - (g.Derivatives[k][rows] - stay.Derivatives[k][rows]) * mean[i])];
        ThreadedLoop.For(0, stage.Channels, k =>
        {
            var differences = go.Select(g => Difference(g, k)).ToArray();
            var solved = Array.ConvertAll(differences, d => (double[])d.Clone());
            factor.Solve(solved);
            var inner = Matrix<double>.Build.Dense(go.Length, go.Length, (a, b) => differences[a].Zip(solved[b], (u, v) => u * v).Sum());
            if (!(inner.Diagonal().Min() > 0)) return; // No input of the channel differs: nothing to do, or to do it with.
            inner += Matrix<double>.Build.DenseIdentity(go.Length) * (1e-9 * inner.Diagonal().Maximum());
            var gaps = Vector<double>.Build.Dense(go.Length, a => share * (stay.Features[k] - go[a].Features[k]));
            var steps = inner.Solve(gaps);
            for (var i = 0; i < rows; i++)
            {
                var change = Enumerable.Range(0, go.Length).Sum(a => steps[a] * solved[a][i]);
                weights[k, i] += change;
                bias[k] -= change * mean[i];
            }
        });
    }
}
