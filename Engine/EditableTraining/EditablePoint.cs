namespace OnnxEdit.Engine.EditableTraining;

/// <summary>A look at an editable training: edits of validation images to random classes, each from the model as it then was.</summary>
/// <param name="Step">Steps made before it.</param>
/// <param name="Training">Mean of the whole loss since the last look, NaN before the first step.</param>
/// <param name="Top1">Accuracy on the validation images without an edit.</param>
/// <param name="Drawdown">Points of it that an edit costs, mean.</param>
/// <param name="Success">Fraction of the edits that gave the image its class.</param>
/// <param name="EditSteps">Steps of an edit, mean.</param>
/// <param name="EditStepSize">Step size of the editor.</param>
public sealed record EditablePoint(int Step, double Training, double Top1, double Drawdown, double Success, double EditSteps, double EditStepSize)
{
    /// <summary>What the best state has most of: accuracy after an edit. States whose edits fail too often come last.</summary>
    public double Merit => Top1 - Drawdown / 100 - (Success < 0.95 ? 1 : 0);
}
