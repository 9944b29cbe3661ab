using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Training;

/// <summary>What a model is trained towards: a session with its loss, the targets of each step, looks at how near the model has come.</summary>
abstract class TrainingGoal : IDisposable
{
    /// <summary>The model with the loss.</summary>
    public abstract TrainingSession Session { get; }

    /// <summary>In words that follow "on", e.g. "labels".</summary>
    public abstract string Said { get; }

    /// <summary>Whether the metric of looks says how far answers agree with the teacher's.</summary>
    public virtual bool IsAgreement => false;

    /// <summary>Why something is not measured, or null.</summary>
    public virtual string? Note => null;

    /// <summary>Writes the targets of a step into the session.</summary>
    /// <param name="items">The items, as the data has them.</param>
    /// <param name="inputs">What each input of the model gets of them; pictures may be mirrored and shifted.</param>
    /// <exception cref="OnnxEngineException">The teacher or the labels do not fit the model.</exception>
    public abstract void Fill(ItemSet items, IReadOnlyList<BatchInput> inputs);

    /// <summary>The part of the loss that no model can avoid with the targets of the step.</summary>
    public virtual double Unavoidable => 0;

    /// <summary>Looks at a graph on the validation items.</summary>
    /// <exception cref="OnnxEngineException">The teacher fails.</exception>
    public abstract TrainingLook At(ModelProto graph);

    /// <summary>How good a model is on test items; null where that cannot be told.</summary>
    public abstract TaskMeasurement? Measure(OnnxModel model, ItemSet? test, IProgress<WorkProgress>? progress);

    /// <inheritdoc/>
    public abstract void Dispose();
}
