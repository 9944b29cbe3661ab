using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Training;

/// <summary>Loss and accuracy on validation images. Their targets are computed once.</summary>
sealed class ValidationLook(ItemSet images, TargetSource targets, EvaluationOptions evaluation, int batch)
{
    float[]? _wanted;

    /// <summary>Looks at a graph.</summary>
    /// <param name="model">The graph.</param>
    /// <returns>Mean loss, NaN where scores are no numbers, and the accuracy if the images have labels.</returns>
    /// <exception cref="OnnxEngineException">The teacher fails.</exception>
    public TrainingLook At(ModelProto model)
    {
        using var session = new ClassifierSession(model, evaluation.Output, batch);
        var (sum, right, labelled) = (0.0, 0, 0);
        try
        {
            session.Run(images, (first, count, logits) =>
            {
                var classes = session.Classes;
                _wanted ??= Targets(classes);
                sum += targets.Loss(logits, _wanted.AsSpan(first * classes, logits.Length));
                for (var i = 0; i < count; i++)
                {
                    if (images.Label(first + i) is var label && label < 0) continue;
                    labelled++;
                    if (TensorPrimitives.IndexOfMax(logits.Slice(i * classes, classes)) == label) right++;
                }
            }, null, CancellationToken.None);
        }
        catch (OnnxEngineException e) when (_wanted is not null && e.Kind == ErrorKind.Model)
        {
            // It ran before the first step, so these are scores that are no numbers any more.
            sum = double.NaN;
        }
        return new TrainingLook(sum / images.Count, labelled == 0 ? null : (double)right / labelled);
    }

    // A model of a fixed batch gets a whole one; what its rest holds does not matter.
    float[] Targets(int classes)
    {
        var wanted = new float[images.Count * classes];
        var (values, rows) = (new float[batch * images.ItemLength], new float[batch * classes]);
        for (var first = 0; first < images.Count; first += batch)
        {
            var count = Math.Min(batch, images.Count - first);
            images.Fill(first, count, values.AsSpan(0, count * images.ItemLength));
            targets.Fill(ItemInputs.Split(images, values, batch), [.. Enumerable.Range(first, count).Select(images.Label)], rows);
            rows.AsSpan(0, count * classes).CopyTo(wanted.AsSpan(first * classes));
        }
        return wanted;
    }
}
