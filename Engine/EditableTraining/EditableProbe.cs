using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Editing;
using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Engine.EditableTraining;

/// <summary>Edits of held-out images to random classes, the same at every look, and what they do to others.</summary>
sealed class EditableProbe
{
    readonly EditableHead _head;
    readonly (float[] Image, int Label)[] _edits;
    readonly float[][] _others;
    readonly int[][] _classes;
    readonly UnrolledEdit _edit;

    /// <summary>Takes images: the first are edited, whole batches of the others measured on.</summary>
    /// <param name="head">The head at the start; its own answers stand in for labels that are missing.</param>
    /// <param name="images">What it takes.</param>
    /// <param name="options">How many edits.</param>
    public EditableProbe(EditableHead head, ItemSet images, EditableOptions options)
    {
        (_head, _edit) = (head, new UnrolledEdit(head));
        var random = new Philox4x32(options.Seed, RandomStreams.MeasuredEdits);
        float[] Read(int from, int count)
        {
            var values = new float[count * images.ItemLength];
            images.Fill(from, count, values);
            return values;
        }
        _edits = [.. Enumerable.Range(0, options.MeasuredEdits).Select(i => (Read(i, 1), random.NextInt(head.Classes)))];
        var batches = (images.Count - options.MeasuredEdits) / head.Batch;
        _others = [.. Enumerable.Range(0, batches).Select(b => Read(options.MeasuredEdits + b * head.Batch, head.Batch))];
        var own = head.Initial();
        _classes = [.. _others.Select((batch, b) =>
        {
            var scores = head.Scores(own, batch);
            return Enumerable.Range(0, head.Batch)
                .Select(i => images.Label(options.MeasuredEdits + b * head.Batch + i) is >= 0 and var label ? label : Class(scores, i)).ToArray();
        })];
    }

    /// <summary>Makes the edits.</summary>
    /// <param name="weights">The weights as they are.</param>
    /// <param name="stepSize">Step size of the editor.</param>
    /// <param name="step">Steps made before, for the record.</param>
    /// <param name="training">Mean loss of these, for the record.</param>
    public EditablePoint Measure(float[][] weights, double stepSize, int step, double training)
    {
        var top1 = Top1(weights);
        var (after, success, steps) = (0.0, 0, 0);
        foreach (var (image, label) in _edits)
        {
            _edit.Run(weights, image, label, stepSize, GradientEditor.Steps);
            after += _edit.Steps == 0 ? top1 : Top1(_edit.Weights);
            success += _edit.Loss <= 0 ? 1 : 0;
            steps += _edit.Steps;
        }
        double n = _edits.Length;
        return new EditablePoint(step, training, top1, 100 * (top1 - after / n), success / n, steps / n, stepSize);
    }

    double Top1(float[][] weights)
    {
        var right = 0;
        for (var b = 0; b < _others.Length; b++)
        {
            var scores = _head.Scores(weights, _others[b]);
            for (var i = 0; i < _head.Batch; i++) right += Class(scores, i) == _classes[b][i] ? 1 : 0;
        }
        return right / (double)(_others.Length * _head.Batch);
    }

    int Class(float[] scores, int row) => TensorPrimitives.IndexOfMax(scores.AsSpan(row * _head.Classes, _head.Classes));
}
