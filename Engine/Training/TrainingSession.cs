using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Gradients.Blocked;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Training;

/// <summary>
/// A model with a loss and its gradients as one graph in ONNX Runtime, for steps of a fixed batch. Weights are inputs that
/// lie in arrays here and change in place: nothing is copied or loaded again between two steps.
/// </summary>
sealed class TrainingSession : IDisposable
{
    /// <summary>Share of a batch in running statistics, as usual in training.</summary>
    const double StatisticsShare = 0.1;

    readonly ModelSession _session;
    readonly ItemBatch _items;
    readonly OrtValue[] _others;
    readonly string[] _inputs;
    readonly string[] _outputs;
    readonly IReadOnlyList<RunningStatistics> _statistics;

    TrainingSession(
        ModelProto graph, IReadOnlyList<ModelInput> inputs, (string Name, float[] Values)? classes, (string Name, float[] Values)[] features,
        IReadOnlyList<TensorProto> weights, IReadOnlyList<RunningStatistics> statistics)
    {
        _statistics = statistics;
        var declared = new GraphIndex(graph.Graph).Inputs.ToDictionary(i => i.Name, i => i.Type.TensorType.Shape.Dim.Select(d => d.DimValue).ToArray());
        Weights = [.. weights.Select(w => new TrainedWeight(w.Name, [.. w.Dims], TensorData.Floats(w)))];
        (Targets, Features) = (classes?.Values ?? [], [.. features.Select(f => f.Values)]);
        (string Name, float[] Values)[] data = [.. classes is { } given ? [given] : Array.Empty<(string, float[])>(), .. features];
        string[] others = [.. data.Select(d => d.Name), .. Weights.Select(w => w.Name)];
        _inputs = [.. inputs.Select(i => i.Name), .. others];
        _outputs = [.. graph.Graph.Output.Select(o => o.Name)];
        _session = OrtRuntime.CreateSession(graph);
        float[][] arrays = [.. data.Select(d => d.Values), .. Weights.Select(w => w.Values)];
        _items = new ItemBatch([.. inputs.Select(i => (i.Type, declared[i.Name]))]);
        _others = [.. others.Select((name, i) => OrtValue.CreateTensorValueFromMemory(arrays[i], declared.GetValueOrDefault(name) ?? [.. weights[i - data.Length].Dims]))];
    }

    /// <summary>The weights that steps change.</summary>
    public IReadOnlyList<TrainedWeight> Weights { get; }

    /// <summary>Where the images of a step are put, one after the other.</summary>
    public float[] Images => _items.Values;

    /// <summary>Where the target probabilities of a step are put, [images, classes]; empty where the model is no classifier.</summary>
    public float[] Targets { get; }

    /// <summary>Where the targets of outputs and features are put, in the order of the options.</summary>
    internal float[][] Features { get; }

    /// <summary>Builds the graph of a classifier and loads it.</summary>
    /// <param name="model">A folded model (<see cref="NormalisedModel"/>), so that its weights have the names they keep.</param>
    /// <param name="signature">What it takes and returns.</param>
    /// <param name="options">Batch, loss, and which weights.</param>
    /// <exception cref="OnnxEngineException">Not of float32, or no weights to train.</exception>
    /// <exception cref="OnnxSurgeryException">An operator on the way has no gradient.</exception>
    public static TrainingSession Create(NormalisedModel model, ClassifierSignature signature, TrainingSessionOptions options)
    {
        RequireFloats(signature);
        return Create(model, signature.Inputs, signature.LogitsName, options);
    }

    /// <summary>The same for a model of any inputs and outputs, whose loss is the sum of what <see cref="TrainingSessionOptions.Outputs"/> are off by.</summary>
    /// <param name="model">A folded model, of float32 inputs and outputs.</param>
    /// <param name="inputs">What it takes, the items along the first axis of each.</param>
    /// <param name="options">Batch, outputs, and which weights.</param>
    /// <inheritdoc cref="Create(NormalisedModel, ClassifierSignature, TrainingSessionOptions)"/>
    public static TrainingSession Create(NormalisedModel model, IReadOnlyList<ModelInput> inputs, TrainingSessionOptions options) => Create(model, inputs, null, options);

    static TrainingSession Create(NormalisedModel model, IReadOnlyList<ModelInput> inputs, string? logits, TrainingSessionOptions options)
    {
        if (options.FollowStatistics) NormalisationEstimate.Require(model.Proto);
        var mode = options.FollowStatistics ? NormalisationMode.BatchStatistics : NormalisationMode.Frozen;
        var prepared = DifferentiableModel.Prepare(model.Proto, options.Batch, model.InputSizes, mode);
        RunningStatistics[] statistics = options.FollowStatistics ? [.. prepared.Statistics.Select(s => new RunningStatistics(s, model.Proto))] : [];
        var names = prepared.Weights.Where(w => options.Weights?.Contains(w) ?? true).ToArray();
        if (names.Length == 0) throw new OnnxEngineException(ErrorKind.Model, "The model has no weights to train; name others.");
        if (prepared.Proto.Graph.Initializer.FirstOrDefault(t => names.Contains(t.Name) && t.DataType != (int)DataType.Float) is { } other)
            throw new OnnxEngineException(ErrorKind.Model, $"Weight '{other.Name}' is {(DataType)other.DataType}, and training needs float32; export the model in float32.");
        const string Targets = "onnxedit_targets";
        var classes = logits is null ? [] : new float[prepared.Trace.Shape(logits).Aggregate(1L, (a, b) => a * b)];
        FeaturePair[] pairs = [.. options.Outputs, .. options.Features];
        float[][] features = [.. pairs.Select(f => new float[f.TargetLength(prepared.Trace)])];
        string[] wanted = [.. features.Select((_, i) => $"onnxedit_feature_{i}")];
        var loss = logits is null ? null
            : options.Loss == TrainingLoss.Edit ? Losses.AddMargin(prepared, logits, Targets)
            : Losses.AddCrossEntropy(prepared, logits, Targets, options.Temperature);
        for (var i = 0; i < pairs.Length; i++)
        {
            var error = FeatureLosses.AddRelativeError(prepared, pairs[i].Tensor, wanted[i], pairs[i].Comparison, pairs[i].Mask, pairs[i].Squares, pairs[i].Border is var (axis, from) ? (axis + 1, from) : null);
            loss = loss is null ? error : FeatureLosses.AddSum(prepared, loss, i < options.Outputs.Count ? 1 : options.FeatureWeight, [error]);
        }
        var gradients = prepared.AddGradients(loss!, names);
        var weights = prepared.ExposeWeights(names);
        var graph = prepared.Build([loss!, .. names.Select(n => gradients[n]), .. statistics.SelectMany(s => s.Outputs)]);
        if (options.Blocked) BlockedConvolutions.Apply(graph);
        return new TrainingSession(graph, inputs, logits is null ? null : (Targets, classes), [.. wanted.Zip(features)], weights, statistics);
    }

    /// <summary>Refuses models of half or double precision; ids, masks and the like may be of any type.</summary>
    /// <exception cref="OnnxEngineException">It is one (<see cref="ErrorKind.Model"/>).</exception>
    public static void RequireFloats(ClassifierSignature signature)
    {
        if (signature.LogitsType != DataType.Float) throw NoFloats();
        RequireFloats(signature.Inputs.Select(i => i.Type));
    }

    /// <summary>Refuses half or double precision among inputs and outputs.</summary>
    /// <inheritdoc cref="RequireFloats(ClassifierSignature)" path="/exception"/>
    public static void RequireFloats(IEnumerable<DataType> types)
    {
        if (types.Any(type => type is DataType.Float16 or DataType.Bfloat16 or DataType.Double)) throw NoFloats();
    }

    static OnnxEngineException NoFloats() => new(ErrorKind.Model, "Training needs a model with float32 input and output; export it in float32.");

    /// <summary>Runs the graph on what lies in <see cref="Images"/> and <see cref="Targets"/>, and changes the weights.</summary>
    /// <param name="rule">How; null leaves the weights as they are.</param>
    /// <param name="limit">Longest gradient; a longer one is scaled down. 0: no limit.</param>
    /// <param name="goal">A loss at or below which the weights are left as they are.</param>
    /// <returns>The loss before the change. If it or the gradient is not finite, no weight was changed.</returns>
    /// <exception cref="OnnxEngineException">ONNX Runtime fails.</exception>
    public (double Loss, bool IsFinite) Step(UpdateRule? rule, double limit = 0, double goal = double.NegativeInfinity)
    {
        using var options = new RunOptions();
        try
        {
            _items.Commit();
            using var results = _session.Run(options, _inputs, [.. _items.Inputs, .. _others], _outputs);
            var loss = (double)results[0].GetTensorDataAsSpan<float>()[0];
            var norm = 0.0;
            for (var i = 0; i < Weights.Count; i++) norm += TensorPrimitives.SumOfSquares(results[i + 1].GetTensorDataAsSpan<float>());
            norm = Math.Sqrt(norm);
            if (!double.IsFinite(loss) || !double.IsFinite(norm)) return (loss, false);
            if (rule is null || loss <= goal) return (loss, true);
            var scale = limit > 0 && norm > limit ? limit / norm : 1;
            rule.Begin(norm * scale);
            for (var i = 0; i < Weights.Count; i++)
            {
                var gradient = results[i + 1].GetTensorMutableDataAsSpan<float>();
                if (scale != 1) TensorPrimitives.Multiply(gradient, (float)scale, gradient);
                rule.Update(i, Weights[i].Values, gradient);
            }
            for (var i = 0; i < _statistics.Count; i++)
            {
                var at = 1 + Weights.Count + 2 * i;
                _statistics[i].Follow(results[at].GetTensorDataAsSpan<float>(), results[at + 1].GetTensorDataAsSpan<float>(), StatisticsShare);
            }
            return (loss, true);
        }
        catch (OnnxRuntimeException e)
        {
            throw new OnnxEngineException(ErrorKind.Model, $"ONNX Runtime failed in a training step: {OrtFailure.Reason(e)}", e);
        }
    }

    /// <summary>Writes the weights, and statistics if they follow, into a folded model.</summary>
    /// <param name="model">Changed in place.</param>
    /// <param name="values">A copy made by <see cref="Snapshot"/>; null: as they are now.</param>
    public void CopyTo(ModelProto model, float[][]? values = null)
    {
        values ??= Arrays;
        for (var i = 0; i < Weights.Count; i++) TensorData.SetFloats(model.Graph.Initializer.First(t => t.Name == Weights[i].Name), values[i]);
        for (var i = 0; i < _statistics.Count; i++) _statistics[i].CopyTo(model, values[Weights.Count + 2 * i], values[Weights.Count + 2 * i + 1]);
    }

    /// <summary>A copy of all weights, then of the mean and variance of every normalisation that follows.</summary>
    public float[][] Snapshot() => [.. Arrays.Select(a => (float[])a.Clone())];

    /// <summary>Puts a copy back.</summary>
    public void Restore(float[][] snapshot)
    {
        foreach (var (from, to) in snapshot.Zip(Arrays)) from.CopyTo(to, 0);
    }

    float[][] Arrays => [.. Weights.Select(w => w.Values), .. _statistics.SelectMany(s => (float[][])[s.Mean, s.Variance])];

    /// <inheritdoc/>
    public void Dispose()
    {
        _session.Dispose();
        _items.Dispose();
        foreach (var v in _others) v.Dispose();
    }
}
