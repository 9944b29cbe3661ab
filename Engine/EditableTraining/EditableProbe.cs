using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Editing;
using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Engine.EditableTraining;

/// <summary>Edits of held-out images to random classes, the same at every look, and what they do to others.</summary>
sealed class EditableProbe
{
    readonly EditableSuffix _suffix;
    readonly (float[] Image, int Label)[] _edits;
    readonly float[][] _others;
    readonly int[][] _classes;
    readonly UnrolledEdit _edit;

    /// <summary>Takes images: the first are edited, whole batches of the others measured on.</summary>
    /// <param name="suffix">The suffix at the start; its own answers stand in for labels that are missing.</param>
    /// <param name="images">What it takes.</param>
    /// <param name="options">How many edits.</param>
    public EditableProbe(EditableSuffix suffix, ItemSet images, EditableOptions options)
    {
        (_suffix, _edit) = (suffix, new UnrolledEdit(suffix));
        var random = new Philox4x32(options.Seed, RandomStreams.MeasuredEdits);
        float[] Read(int from, int count)
        {
            var values = new float[count * images.ItemLength];
            images.Fill(from, count, values);
            return values;
        }
        _edits = [.. Enumerable.Range(0, options.MeasuredEdits).Select(i => (Read(i, 1), random.NextInt(suffix.Classes)))];
        var batches = (images.Count - options.MeasuredEdits) / suffix.Batch;
        _others = [.. Enumerable.Range(0, batches).Select(b => Read(options.MeasuredEdits + b * suffix.Batch, suffix.Batch))];
        var own = suffix.Initial();
        _classes = [.. _others.Select((batch, b) =>
        {
            var scores = suffix.Scores(own, batch);
            return Enumerable.Range(0, suffix.Batch)
                .Select(i => images.Label(options.MeasuredEdits + b * suffix.Batch + i) is >= 0 and var label ? label : Class(scores, i)).ToArray();
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
            var scores = _suffix.Scores(weights, _others[b]);
            for (var i = 0; i < _suffix.Batch; i++) right += Class(scores, i) == _classes[b][i] ? 1 : 0;
        }
        return right / (double)(_others.Length * _suffix.Batch);
    }

    int Class(float[] scores, int row) => TensorPrimitives.IndexOfMax(scores.AsSpan(row * _suffix.Classes, _suffix.Classes));
}
