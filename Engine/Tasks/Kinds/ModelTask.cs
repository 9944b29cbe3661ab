using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks.OwnAnswers;

namespace OnnxEdit.Engine.Tasks.Kinds;

/// <summary>
/// What the outputs of a model mean and how good they are. A task is one file and one row of <see cref="ModelTasks"/>: how it is
/// recognised, what it is measured by with labels and without, and in which words.
/// </summary>
abstract class ModelTask : IChoice
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract string? Help { get; }

    /// <inheritdoc/>
    public string? Formerly => null;

    /// <summary>Why a model cannot be of this task, as half a sentence that follows "it", e.g. "returns no [items, classes] tensor"; null: it can.</summary>
    public abstract string? Obstacle(TaskSubject subject);

    /// <summary>
    /// Whether a model that can be of this task is taken to be of it where nobody says so and the data has no labels; a task whose
    /// form others have, too, says no, and is then chosen by labels or by name only.
    /// </summary>
    public virtual bool IsTelling(TaskSubject subject) => true;

    /// <summary>Whether the items carry labels that this task is measured on.</summary>
    public abstract bool IsLabelled(ItemSet items);

    /// <summary>Whether labels of the items are the answers of the model: those of the task, and as many classes as the model tells apart where that says more than its form.</summary>
    public virtual bool Fits(TaskSubject subject, ItemSet items) => IsLabelled(items);

    /// <summary>Whether a picture stays one that the model is for when it is mirrored and moved by some pixels.</summary>
    public virtual bool HasViews => true;

    /// <summary>Why its answers cannot be compared with a teacher's number by number, as half a sentence that follows "it"; null: they can.</summary>
    public virtual string? Unteachable(TaskSubject subject) => null;

    /// <summary>Where numbers of another kind begin in the tensor that it reads, an axis behind that of the items and an index, e.g. scores behind boxes; null: all are of one kind.</summary>
    public virtual (int Axis, int From)? Border(TaskSubject subject) => null;

    /// <summary>The tensors that it reads: graph outputs or inner tensors, and how, in words that follow "read from", for the reader.</summary>
    public abstract (IReadOnlyList<string> Tensors, string Said) Reads(TaskSubject subject);

    /// <summary>The number per item that attributions explain; needs no labels.</summary>
    /// <param name="subject">The model.</param>
    /// <exception cref="OnnxEngineException">Nothing that it returns can be explained (<see cref="Surgery.ErrorKind.Model"/>).</exception>
    public abstract TaskAnswer Answer(TaskSubject subject);

    /// <summary>Starts a measurement against labels.</summary>
    /// <param name="subject">The model.</param>
    /// <param name="items">The items, all of them labelled; the meter gets each once.</param>
    public abstract LabelledMeter Measure(TaskSubject subject, ItemSet items);

    /// <summary>Starts a measurement of how far another model's answers agree with those of this one; needs no labels.</summary>
    /// <param name="subject">The model that is agreed with.</param>
    /// <param name="items">The items; the meter gets each once.</param>
    public abstract AgreementMeter Agree(TaskSubject subject, ItemSet items);

    /// <summary>Measures a model on labelled items.</summary>
    /// <param name="subject">The model.</param>
    /// <param name="items">The items, all of them labelled.</param>
    /// <param name="progress">Told how many are done.</param>
    /// <param name="cancellation">Ends the work early.</param>
    public virtual TaskMeasurement Measure(TaskSubject subject, ItemSet items, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        using var session = new TaskSession(subject, Reads(subject).Tensors);
        var meter = Measure(subject, items);
        session.Run(items, meter.Add, progress, cancellation);
        return new TaskMeasurement(Name, items.Count, meter.Complete());
    }
}

/// <summary>What one item's share of a tensor holds: row-major values and the shape without the batch axis.</summary>
/// <param name="Values">The values as float32.</param>
/// <param name="Shape">The extents, e.g. [1000] of class scores or [84,8400] of a detector's head.</param>
/// <param name="Mask">Of items that are sequences: which positions are no padding; null for all others.</param>
readonly record struct ItemOutput(float[] Values, int[] Shape, bool[]? Mask = null);

/// <summary>Collects what a model answers to labelled items.</summary>
abstract class LabelledMeter
{
    /// <summary>Takes the answer to an item: one output for each of the tensors that the task reads. Items come in any order, each once.</summary>
    public abstract void Add(int item, IReadOnlyList<ItemOutput> outputs);

    /// <summary>The metrics over all items, the task's own first.</summary>
    public abstract IReadOnlyList<MetricValue> Complete();
}

/// <summary>Collects how two models' answers to the same items agree.</summary>
abstract class AgreementMeter
{
    /// <summary>Takes both answers to an item. Items come in any order, each once.</summary>
    public abstract void Add(int item, IReadOnlyList<ItemOutput> original, IReadOnlyList<ItemOutput> edited);

    /// <summary>The metrics over all items, the task's own first.</summary>
    public abstract IReadOnlyList<MetricValue> Complete();
}
