namespace OnnxEdit.Engine.EditableTraining;

/// <summary>
/// What editable training makes small (Sinitsin et al., 2020): L_base + c_edit L_edit + c_loc L_loc. L_base is the
/// cross-entropy of a batch with its targets, L_edit what is left of the gap after an edit of one image, L_loc the
/// cross-entropy of the edited model on the batch with the answers that the model gave before training - theirs takes those
/// of the model as it is, which change with it.
/// </summary>
sealed class EditableObjective(EditableSuffix suffix, EditableOptions options)
{
    readonly UnrolledEdit _edit = new(suffix);
    readonly float[][] _local = suffix.Zeros();

    /// <summary>Its value and gradient.</summary>
    /// <param name="weights">All weights of the suffix; not changed.</param>
    /// <param name="stepSize">Step size of the editor.</param>
    /// <param name="images">The batch.</param>
    /// <param name="targets">Its targets, [batch, classes].</param>
    /// <param name="answers">The answers on it that should stay, [batch, classes].</param>
    /// <param name="image">The image to edit.</param>
    /// <param name="label">Its new class.</param>
    /// <param name="gradient">Receives the gradient with respect to the weights.</param>
    /// <returns>The value, and the gradient with respect to the logarithm of the step size.</returns>
    public (double Loss, double ByStepSize) Evaluate(
        float[][] weights, double stepSize, float[] images, float[] targets, float[] answers, float[] image, int label, float[][] gradient)
    {
        var loss = suffix.Answers(weights, images, targets, gradient);
        _edit.Run(weights, image, label, stepSize, options.EditSteps);
        loss += options.EditWeight * _edit.Loss + options.LocalityWeight * suffix.Answers(_edit.Weights, images, answers, _local);
        for (var w = 0; w < _local.Length; w++)
            for (var i = 0; i < _local[w].Length; i++)
                _local[w][i] = (float)(options.LocalityWeight * _local[w][i] + options.EditWeight * _edit.Gradient[w][i]);
        var byStepSize = _edit.CarryBack(_local, options.IsFirstOrder);
        for (var w = 0; w < _local.Length; w++)
            System.Numerics.Tensors.TensorPrimitives.Add(gradient[w], _local[w], gradient[w]);
        return (loss, byStepSize);
    }
}
