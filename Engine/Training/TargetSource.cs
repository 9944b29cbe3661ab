using System.Numerics.Tensors;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Training;

/// <summary>Target probabilities of images: a teacher's softened scores, or the labels.</summary>
sealed class TargetSource : IDisposable
{
    readonly BatchRunner? _teacher;
    readonly BatchRunner? _given;
    readonly IReadOnlyList<int> _forget;
    readonly int _classes;
    readonly double _temperature;
    readonly IReadOnlyList<FeaturePair> _features;

    /// <summary>Loads the teacher, if there is one.</summary>
    /// <param name="options">Teacher, temperature, and classes to forget.</param>
    /// <param name="given">The model before training, which says how likely classes to forget are.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="features">What the teacher is asked for besides.</param>
    public TargetSource(FinetuneOptions options, OnnxModel given, int classes, IReadOnlyList<FeaturePair> features)
    {
        _features = features;
        (_classes, _forget) = (classes, options.Forget);
        _temperature = options.Teacher is null ? 1 : options.Temperature;
        if (options.Teacher is null) return;
        var runners = AllOrNone.Make(_forget.Count > 0 ? 2 : 1, i => i == 0
            ? Runner(options.Teacher, [Logits(options.Teacher), .. features.Select(f => f.TeacherTensor)])
            : Runner(given, [Logits(given)]));
        (_teacher, _given) = (runners[0], runners.ElementAtOrDefault(1));

        string Logits(OnnxModel model) => ClassifierSignature.Of(model.Proto, options.Evaluation.Output).LogitsName;
    }

    /// <summary>Writes the targets of some images, [images, classes].</summary>
    /// <param name="images">The images, as the model takes them: what each of its inputs gets.</param>
    /// <param name="labels">Their labels, read only without a teacher; there may be fewer than images.</param>
    /// <param name="targets">Receives the probabilities.</param>
    /// <param name="features">Receive the targets of features, if these are wanted.</param>
    /// <exception cref="OnnxEngineException">The teacher knows other classes, or a label is none.</exception>
    public void Fill(IReadOnlyList<BatchInput> images, ReadOnlySpan<int> labels, Span<float> targets, float[][]? features = null)
    {
        if (_teacher is not null)
        {
            Answers(_teacher, images, targets, features);
            if (_given is not null) KeepForgotten(images, targets);
            return;
        }
        targets.Clear();
        for (var i = 0; i < labels.Length; i++)
        {
            if (labels[i] < 0 || labels[i] >= _classes)
                throw new OnnxEngineException(ErrorKind.Data, $"Label {labels[i]} is no class of the model, which has {_classes}; map the labels with DataOptions.LabelMap.");
            targets[i * _classes + labels[i]] = 1;
        }
    }

    // Of a class to forget the probability q is the model's own; the others share the rest as they do with the teacher:
    // p <- p (1 - sum q) / (1 - sum of the p to forget).
    void KeepForgotten(IReadOnlyList<BatchInput> images, Span<float> targets)
    {
        var own = new float[targets.Length];
        Answers(_given!, images, own);
        for (var i = 0; i < targets.Length; i += _classes)
        {
            var row = targets.Slice(i, _classes);
            var (kept, taken) = (0.0, 0.0);
            foreach (var c in _forget)
            {
                (kept, taken) = (kept + own[i + c], taken + row[c]);
                row[c] = 0;
            }
            TensorPrimitives.Multiply(row, (float)((1 - kept) / Math.Max(1e-6, 1 - taken)), row);
            foreach (var c in _forget) row[c] = own[i + c];
        }
    }

    void Answers(BatchRunner model, IReadOnlyList<BatchInput> images, Span<float> targets, float[][]? features = null)
    {
        if (model.Inputs.Count != images.Count)
            throw new OnnxEngineException(ErrorKind.Model, $"The teacher has {model.Inputs.Count} inputs and the model {images.Count}; give a teacher that takes what the model takes.");
        var rows = new float[targets.Length];
        model.Run(images, (output, values, found) =>
        {
            if (output > 0)
            {
                if (features is not null) _features[output - 1].Fill(values, (int)images[0].Shape[0], features[output - 1]);
                return;
            }
            if (values.Length != rows.Length)
                throw new OnnxEngineException(ErrorKind.Model, $"The teacher returns [{string.Join(',', found)}] where {_classes} scores per item are needed; give a teacher of the same classes.");
            values.CopyTo(rows);
        });
        for (var i = 0; i < rows.Length; i += _classes)
        {
            var row = rows.AsSpan(i, _classes);
            TensorPrimitives.Divide(row, (float)_temperature, row);
            TensorPrimitives.SoftMax(row, targets.Slice(i, _classes));
        }
    }

    /// <summary>Loads a model to be asked for some of its tensors.</summary>
    internal static BatchRunner Runner(OnnxModel model, IEnumerable<string> tensors)
    {
        var copy = model.Proto.Clone();
        copy.Graph.Output.Clear();
        copy.Graph.Output.AddRange(tensors.Select(tensor => new ValueInfoProto { Name = tensor }));
        return new BatchRunner(copy);
    }

    /// <summary>
    /// The loss of logits, summed over images: T^2 times the divergence from the targets, which is that of
    /// <see cref="Losses.AddCrossEntropy"/> less <see cref="Entropy"/>.
    /// </summary>
    public double Loss(ReadOnlySpan<float> logits, ReadOnlySpan<float> targets)
    {
        var sum = 0.0;
        for (var i = 0; i < logits.Length; i += _classes)
        {
            var row = logits.Slice(i, _classes);
            var target = targets.Slice(i, _classes);
            double most = TensorPrimitives.Max(row), total = 0, dot = 0;
            for (var c = 0; c < _classes; c++)
            {
                total += Math.Exp((row[c] - most) / _temperature);
                dot += target[c] * (row[c] - most) / _temperature;
            }
            sum += _temperature * _temperature * (Math.Log(total) - dot);
        }
        return sum - Entropy(targets[..logits.Length]);
    }

    /// <summary>The part of the cross-entropy that no model can avoid, summed over images; nothing for labels.</summary>
    public double Entropy(ReadOnlySpan<float> targets)
    {
        var sum = 0.0;
        foreach (var p in targets)
            if (p > 0) sum -= p * Math.Log(p);
        return _temperature * _temperature * sum;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _teacher?.Dispose();
        _given?.Dispose();
    }
}
