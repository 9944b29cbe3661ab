using OnnxEdit.Engine.Editing;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Gradients.Blocked;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.EditableTraining;

/// <summary>
/// The suffix of a model as a function of its weights, in graphs of ONNX Runtime: class scores; loss and gradient of a
/// batch; loss and gradient of an edit; the product of an edit's second derivatives with a vector.
/// </summary>
sealed class EditableSuffix : IDisposable
{
    const string Targets = "onnxedit_targets", VectorPrefix = "onnxedit_vector_";

    readonly NormalisedModel _model;
    readonly ClassifierSignature _signature;
    readonly string[] _names;
    readonly Dictionary<string, int> _places;
    readonly BatchRunner _scores, _answers, _edit;
    readonly BatchRunner? _curvature;
    readonly long[][] _item;

    /// <summary>Builds the graphs.</summary>
    /// <param name="suffix">The suffix (<see cref="EditScope"/>); not changed.</param>
    /// <param name="edited">Names of the weights that edits change.</param>
    /// <param name="batch">Images of a batch, unless the suffix has its own.</param>
    /// <param name="hasCurvature">Whether second derivatives are needed.</param>
    /// <param name="output">Name of the logits, or null.</param>
    /// <exception cref="OnnxEngineException">Not of float32.</exception>
    /// <exception cref="OnnxSurgeryException">An operator has no gradient.</exception>
    public EditableSuffix(NormalisedModel suffix, IReadOnlyCollection<string> edited, int batch, bool hasCurvature, string? output)
    {
        _signature = ClassifierSignature.Of(suffix.Proto, output);
        TrainingSession.RequireFloats(_signature);
        _model = suffix;
        Batch = _signature.FixedBatch ?? batch;
        var logits = _signature.LogitsName;
        Classes = (int)_model.Trace.Shape(logits)[^1];
        _item = [.. _signature.InputNames.Select(name => _model.Trace.Shape(name)[1..])];
        _names = [.. WeightInputs.Trainable(_model.Proto.Graph)];
        _places = _names.Select((n, i) => (n, i)).ToDictionary(p => p.n, p => p.i);
        IsEdited = [.. _names.Select(edited.Contains)];
        Shapes = [.. _names.Select(n => Initializer(n).Dims.ToArray())];
        string[] changed = [.. _names.Where(edited.Contains)];
        string[] Curvature(DifferentiableModel m)
        {
            var first = m.AddGradients(Losses.AddMargin(m, logits, Targets), changed);
            var product = Losses.AddInnerProduct(m, [.. changed.Select(n => first[n])], [.. changed.Select(n => VectorPrefix + n)]);
            return WithGradient(m, product, _names)[1..];
        }
        var runners = AllOrNone.Make(hasCurvature ? 4 : 3, i => i switch
        {
            0 => Runner(Batch, _ => [logits]),
            1 => Runner(Batch, m => WithGradient(m, Losses.AddCrossEntropy(m, logits, Targets), _names)),
            2 => Runner(1, m => WithGradient(m, Losses.AddMargin(m, logits, Targets), _names)),
            _ => Runner(1, Curvature),
        });
        (_scores, _answers, _edit, _curvature) = (runners[0], runners[1], runners[2], runners.ElementAtOrDefault(3));
    }

    /// <summary>Images of a batch.</summary>
    public int Batch { get; }

    /// <summary>Number of classes.</summary>
    public int Classes { get; }

    /// <summary>For every weight tensor, whether edits change it.</summary>
    public IReadOnlyList<bool> IsEdited { get; }

    /// <summary>Shapes of the weight tensors.</summary>
    public IReadOnlyList<long[]> Shapes { get; }

    /// <summary>The weights as they are in the suffix.</summary>
    public float[][] Initial() => [.. _names.Select(n => TensorData.Floats(Initializer(n)))];

    /// <summary>Arrays like the weights.</summary>
    public float[][] Zeros() => [.. Shapes.Select(s => new float[s.Aggregate(1L, (a, b) => a * b)])];

    /// <summary>Weights by their names.</summary>
    public IEnumerable<TrainedWeight> Named(float[][] weights) => _names.Select((n, i) => new TrainedWeight(n, Shapes[i], weights[i]));

    /// <summary>Class scores of a batch, [batch, classes].</summary>
    public float[] Scores(float[][] weights, float[] images)
    {
        var scores = new float[Batch * Classes];
        Run(_scores, weights, images, null, null, (_, values, _) => values.CopyTo(scores));
        return scores;
    }

    /// <summary>Mean cross-entropy of a batch with target probabilities [batch, classes]; its gradient goes to <paramref name="gradient"/>.</summary>
    public double Answers(float[][] weights, float[] images, float[] targets, float[][] gradient) => Loss(_answers, weights, images, targets, gradient);

    /// <summary>By how much another class leads over the target on one image, at least 0; its gradient goes to <paramref name="gradient"/>.</summary>
    public double Edit(float[][] weights, float[] image, float[] target, float[][] gradient) => Loss(_edit, weights, image, target, gradient);

    /// <summary>
    /// The gradient, with respect to all weights, of the inner product of <paramref name="vectors"/> with the gradient that
    /// <see cref="Edit"/> has with respect to the edited weights.
    /// </summary>
    public void Curvature(float[][] weights, float[] image, float[] target, float[][] vectors, float[][] product) =>
        Run(_curvature!, weights, image, target, vectors, (o, values, _) => values.CopyTo(product[o]));

    /// <inheritdoc/>
    public void Dispose()
    {
        _scores.Dispose();
        _answers.Dispose();
        _edit.Dispose();
        _curvature?.Dispose();
    }

    static string[] WithGradient(DifferentiableModel model, string loss, string[] names)
    {
        var gradients = model.AddGradients(loss, names);
        return [loss, .. names.Select(n => gradients[n])];
    }

    BatchRunner Runner(int batch, Func<DifferentiableModel, string[]> outputs)
    {
        var prepared = DifferentiableModel.Prepare(_model.Proto, batch, _model.InputSizes);
        var wanted = outputs(prepared);
        prepared.ExposeWeights(_names);
        var graph = prepared.Build(wanted);
        if (batch > 1) BlockedConvolutions.Apply(graph);
        return new BatchRunner(graph);
    }

    double Loss(BatchRunner runner, float[][] weights, float[] images, float[] targets, float[][] gradient)
    {
        var loss = 0.0;
        Run(runner, weights, images, targets, null, (o, values, _) =>
        {
            if (o == 0) loss = values[0];
            else values.CopyTo(gradient[o - 1]);
        });
        return loss;
    }

    void Run(BatchRunner runner, float[][] weights, float[] images, float[]? targets, float[][]? vectors, OutputReader read)
    {
        var rows = images.Length / _item.Sum(shape => shape.Aggregate(1L, (a, b) => a * b));
        var shares = _signature.InputNames.Zip(ItemInputs.Split([.. _item.Select(shape => (long[])[rows, .. shape])], images)).ToDictionary(p => p.First, p => p.Second);
        BatchInput Of(float[][] values, string weight) => new(values[_places[weight]], Shapes[_places[weight]]);
        runner.Run([.. runner.Inputs.Select(name =>
            shares.TryGetValue(name, out var share) ? share
            : name == Targets ? new BatchInput(targets!, [rows, Classes])
            : name.StartsWith(VectorPrefix, StringComparison.Ordinal) ? Of(vectors!, name[VectorPrefix.Length..])
            : Of(weights, name))], read);
    }

    TensorProto Initializer(string name) => _model.Proto.Graph.Initializer.First(t => t.Name == name);
}
