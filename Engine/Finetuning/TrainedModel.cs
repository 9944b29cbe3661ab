using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Engine.Training;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Finetuning;

/// <summary>A model to be trained, as what it is for says how.</summary>
/// <param name="Task">What it is for.</param>
/// <param name="Subject">The model.</param>
/// <param name="Classifier">It as a classifier, which is trained on classes; null: it is trained on answers.</param>
/// <param name="FixedBatch">The batch that it insists on; null: any.</param>
sealed record TrainedModel(ModelTask Task, TaskSubject Subject, ClassifierSignature? Classifier, int? FixedBatch)
{
    /// <summary>Looks at a model and at what is asked of it.</summary>
    /// <param name="model">The model.</param>
    /// <param name="items">Items that may have labels; null: there are none.</param>
    /// <param name="options">How it is to be trained.</param>
    /// <exception cref="OnnxEngineException">Its task cannot be trained so (<see cref="ErrorKind.Usage"/>), or the model not at all (<see cref="ErrorKind.Model"/>).</exception>
    public static TrainedModel Of(OnnxModel model, ItemSet? items, FinetuneOptions options)
    {
        var subject = TaskSubject.Of(model.Proto, options.Evaluation);
        var task = ModelTasks.Of(subject, items);
        if (task is ClassificationTask)
        {
            var signature = ClassifierSignature.Of(model.Proto, options.Evaluation.Output);
            return new TrainedModel(task, subject, signature, signature.FixedBatch);
        }
        if (options.Teacher is null && (task is not RegressionTask || items is null || !task.IsLabelled(items)))
            throw new OnnxEngineException(ErrorKind.Usage, $"A model that is measured as {task.Name} is trained on a teacher's answers{(task is RegressionTask ? " or on numbers, and the data has none" : "")}; give one with FinetuneOptions.Teacher.");
        if (task.Unteachable(subject) is { } why)
            throw new OnnxEngineException(ErrorKind.Model, $"The model cannot be trained as {task.Name}: it {why}, which no loss can follow; name the tensor before with EvaluationOptions.Output.");
        if (options.Forget.Count > 0) throw new OnnxEngineException(ErrorKind.Usage, $"Classes are forgotten by classifiers, and this model is measured as {task.Name}; leave them out.");
        if (options.Mix > 0 && subject.Inputs.FirstOrDefault(input => !input.IsFloat && input.Type != DataType.Uint8) is { } whole)
            throw new OnnxEngineException(ErrorKind.Usage, $"Items are mixed where they are pictures or other numbers, and '{whole.Name}' is {whole.TypeName}; leave FinetuneOptions.Mix away.");
        var shapes = new InputShapes(subject.Index.Inputs);
        return new TrainedModel(task, subject, null, shapes.HasOpenBatch ? null : shapes.FixedBatch);
    }

    /// <summary>Whether the data says what the model should answer to an item.</summary>
    public bool IsLabelled(ItemSet items, int item) => Classifier is not null ? items.Label(item) >= 0 : items.Target(item) is ValuesTarget;

    /// <summary>Refuses items that do not lie along the first axis of each input.</summary>
    /// <exception cref="OnnxEngineException">They do not (<see cref="ErrorKind.Model"/>), or are not made for the model (<see cref="ErrorKind.Data"/>).</exception>
    public void RequireItems(ItemSet items)
    {
        if (Classifier is not null) return;
        ItemInputs.Require([.. Subject.Inputs.Select(input => input.Name)], items);
        var axes = new InputShapes(Subject.Index.Inputs);
        foreach (var ((input, value), part) in Subject.Inputs.Zip(Subject.Index.Inputs).Zip(items.Parts))
            if (input.Shape.Count != part.ItemShape.Count + 1 || axes.BatchAxis(value) > 0)
                throw new OnnxEngineException(ErrorKind.Model, $"A step takes several items along the first axis of each input, and '{input.Name}' {input} has another form; export the model with the items first.");
    }
}
