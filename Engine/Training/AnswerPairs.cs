using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Graph;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Training;

/// <summary>The tensors that a task reads of a model in training, each with what it is compared with.</summary>
static class AnswerPairs
{
    /// <summary>Pairs the outputs of a model with those of its teacher.</summary>
    /// <param name="model">The folded model in training.</param>
    /// <param name="subject">The same model as it was given.</param>
    /// <param name="task">What it is for.</param>
    /// <param name="teacher">The teacher.</param>
    /// <exception cref="OnnxEngineException">The teacher answers otherwise than the model, or nothing that either computes is a float (<see cref="ErrorKind.Model"/>).</exception>
    public static IReadOnlyList<FeaturePair> Find(NormalisedModel model, TaskSubject subject, ModelTask task, TaskSubject teacher)
    {
        if (teacher.Inputs.Count != subject.Inputs.Count)
            throw new OnnxEngineException(ErrorKind.Model, $"The teacher has {teacher.Inputs.Count} inputs and the model {subject.Inputs.Count}; give a teacher that takes what the model takes.");
        if (task.Obstacle(teacher) is { } why)
            throw new OnnxEngineException(ErrorKind.Model, $"The teacher cannot be measured as {task.Name}: it {why}; give a teacher that returns what the model returns.");
        var (own, its) = (task.Reads(subject).Tensors, task.Reads(teacher).Tensors);
        if (own.Count != its.Count)
            throw new OnnxEngineException(ErrorKind.Model, $"The model is read from {Names(own)} and the teacher from {Names(its)}; give a teacher that returns what the model returns.");
        // The teacher gets what the model gets.
        var sizes = teacher.Inputs.Zip(model.Index.Inputs).ToDictionary(p => p.First.Name, p => model.InputSizes[p.Second.Name]);
        var fed = teacher.Inputs.Zip(model.Index.Inputs).Where(p => model.Trace.Fed.ContainsKey(p.Second.Name)).ToDictionary(p => p.First.Name, p => model.Trace.Fed[p.Second.Name]);
        var trace = NormalisedModel.Create(teacher.Model, sizes, fed).Trace;
        return [.. Floats(model, own).Select(tensor =>
        {
            var other = its[own.ToList().IndexOf(tensor)];
            var (shape, wanted) = (model.Trace.Shape(tensor), trace.Shape(other));
            return shape.AsSpan().SequenceEqual(wanted) ? Masked(new FeaturePair(tensor, other, FeatureComparison.Elements) { Border = task.Border(subject) }, model, subject, task) : throw new OnnxEngineException(
                ErrorKind.Model, $"The teacher returns [{string.Join(',', wanted)}] as '{other}' where the model returns [{string.Join(',', shape)}] as '{tensor}', for {model.Trace.Batch} items; give a teacher whose answers have the same shape.");
        })];
    }

    /// <summary>The tensors that a loss can be made of: floats.</summary>
    /// <exception cref="OnnxEngineException">There are none, or they are of another precision (<see cref="ErrorKind.Model"/>).</exception>
    public static IReadOnlyList<string> Floats(NormalisedModel model, IReadOnlyList<string> tensors)
    {
        string[] floats = [.. tensors.Where(tensor => InputShapes.IsFloat(model.Trace.ElementType(tensor)))];
        if (floats.Length == 0)
            throw new OnnxEngineException(ErrorKind.Model, $"{(tensors.Count == 0 ? "The model returns nothing that it computes" : $"{Names(tensors)} {(tensors.Count == 1 ? "holds" : "hold")} whole numbers")}, and only floats tell how near a model has come; name the tensor before with EvaluationOptions.Output.");
        TrainingSession.RequireFloats(floats.Select(tensor => (DataType)(int)model.Trace.ElementType(tensor)));
        return floats;
    }

    /// <summary>The pair with the attention mask, where the tensor has a value for each position that the mask speaks of.</summary>
    public static FeaturePair Masked(FeaturePair pair, NormalisedModel model, TaskSubject subject, ModelTask task)
    {
        var mask = subject.Inputs.FirstOrDefault(input => TokenInputs.IsMask(input.Name) && input.Shape.Count == 2);
        if (mask is null || model.Trace.Shape(pair.Tensor) is not [var items, var positions, ..] shape || !model.Trace.Shape(mask.Name).AsSpan().SequenceEqual([items, positions])) return pair;
        // A vector may happen to be as long as the longest text.
        var declared = subject.Outputs.FirstOrDefault(output => output.Name == pair.Tensor)?.Shape;
        var isVector = shape.Length == 2 && task is EmbeddingTask || mask.Shape[1] < 0 && declared is { Count: > 1 } && declared[1] > 0;
        return isVector ? pair : pair with { Mask = mask.Name };
    }

    static string Names(IReadOnlyList<string> tensors) => string.Join(", ", tensors.Select(tensor => $"'{tensor}'"));
}
