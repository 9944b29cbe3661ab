using System.Numerics.Tensors;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine;

/// <summary>Target probabilities of images: a teacher's softened scores, or the labels.</summary>
sealed class TargetSource : IDisposable
{
    readonly BatchRunner? _teacher;
    readonly int _classes;
    readonly double _temperature;

    /// <summary>Loads the teacher, if there is one.</summary>
    /// <param name="teacher">The teacher, or null for labels.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="temperature">Softens the teacher's scores.</param>
    /// <param name="output">Name of the teacher's logits, or null.</param>
    public TargetSource(OnnxModel? teacher, int classes, double temperature, string? output)
    {
        (_classes, _temperature) = (classes, teacher is null ? 1 : temperature);
        if (teacher is null) return;
        var signature = ClassifierSignature.Of(teacher.Proto, output);
        var model = teacher.Proto.Clone();
        model.Graph.Output.Clear();
        model.Graph.Output.Add(new ValueInfoProto { Name = signature.LogitsName });
        _teacher = new BatchRunner(model);
    }

    /// <summary>Temperature of the loss that goes with the targets.</summary>
    public double Temperature => _temperature;

    /// <summary>Writes the targets of some images, [images, classes].</summary>
    /// <param name="images">The images, as the model takes them.</param>
    /// <param name="shape">Their shape, the number of images first.</param>
    /// <param name="labels">Their labels, read only without a teacher.</param>
    /// <param name="targets">Receives the probabilities.</param>
    /// <exception cref="OnnxEngineException">The teacher knows other classes, or a label is none.</exception>
    public void Fill(float[] images, long[] shape, ReadOnlySpan<int> labels, Span<float> targets)
    {
        targets.Clear();
        if (_teacher is null)
        {
            for (var i = 0; i < labels.Length; i++)
            {
                if (labels[i] < 0 || labels[i] >= _classes)
                    throw new OnnxEngineException(ErrorKind.Data, $"Label {labels[i]} is no class of the model, which has {_classes}; map the labels with --labels.");
                targets[i * _classes + labels[i]] = 1;
            }
            return;
        }
        var rows = new float[targets.Length];
        _teacher.Run([new BatchInput(images, shape)], (_, values, found) =>
        {
            if (values.Length != rows.Length)
                throw new OnnxEngineException(ErrorKind.Model, $"The teacher returns [{string.Join(',', found)}] where {_classes} scores per image are needed; give a teacher of the same classes.");
            values.CopyTo(rows);
        });
        for (var i = 0; i < rows.Length; i += _classes)
        {
            var row = rows.AsSpan(i, _classes);
            TensorPrimitives.Divide(row, (float)_temperature, row);
            TensorPrimitives.SoftMax(row, targets.Slice(i, _classes));
        }
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
    public void Dispose() => _teacher?.Dispose();
}
