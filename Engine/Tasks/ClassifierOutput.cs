using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Tasks;

/// <summary>Finds the tensor that holds one score per class.</summary>
static class ClassifierOutput
{
    /// <summary>The one output that can be class scores: floats, [batch, classes], any further extents being 1; or one score behind a Sigmoid.</summary>
    internal static DeclaredTensor Find(GraphIndex index, long batch)
    {
        var found = Candidates(index, batch);
        if (found.Count == 1) return found[0];
        if (found.Count > 1)
            throw ClassifierSignature.Unsuitable(
                $"several of its outputs ({List(found)}) could be class scores; name the right one with EvaluationOptions.Output");
        throw ClassifierSignature.Unsuitable(
            $"none of its outputs ({List(index.Graph.Output.Select(DeclaredTensor.Of))}) is a float [batch, classes] tensor, so it looks like a detector or another kind of network; if one of its tensors does hold class scores, name it with EvaluationOptions.Output");
    }

    /// <summary>Whether several outputs could be class scores.</summary>
    public static bool IsOpen(ModelProto model) =>
        new GraphIndex(model.Graph) is { Inputs: [var first, ..] } index && DeclaredTensor.Of(first) is { Shape.Count: > 0 } declared && Candidates(index, declared.Shape[0]).Count > 1;

    /// <summary>
    /// Which of several outputs that could be class scores is as wide as the data has classes.
    /// </summary>
    /// <param name="model">A model where this is open, see <see cref="IsOpen"/>.</param>
    /// <param name="classes">Number of classes in the data.</param>
    /// <exception cref="OnnxEngineException">None of them fits, or several do (<see cref="ErrorKind.Usage"/>).</exception>
    public static string Fitting(ModelProto model, int classes)
    {
        var index = new GraphIndex(model.Graph);
        var found = Candidates(index, DeclaredTensor.Of(index.Inputs[0]).Shape[0]);
        return found.Where(o => o.Shape.Count > 1 && o.Shape[1] == classes).ToArray() is [var one] ? one.Name
            : throw new OnnxEngineException(ErrorKind.Usage,
                $"Several outputs of the model ({List(found)}) could be class scores, and the data has {classes} classes, which does not tell which; name the right one with EvaluationOptions.Output.");
    }

    // Of scores and what a Softmax makes of them, both returned, the first will do.
    static List<DeclaredTensor> Candidates(GraphIndex index, long batch)
    {
        var outputs = index.Graph.Output.Select(DeclaredTensor.Of).ToArray();
        List<DeclaredTensor> found = [.. outputs.Where(o => CanBeScores(o, batch)).DistinctBy(o => BeforeSoftmax(index, o.Name))];
        return found.Count > 0 ? found : [.. outputs.Where(o => IsSingle(index, o, batch))];
    }

    /// <summary>Whether an output holds one score of two classes: the probability that a Sigmoid makes of it.</summary>
    internal static bool IsSingle(GraphIndex index, DeclaredTensor output, long batch) =>
        IsFloat(output.Type) && output.Shape.Count >= 2 && (output.Shape[0] < 0 || batch < 0 || output.Shape[0] == batch) && output.Shape.Skip(1).All(extent => extent == 1)
        && BeforeSoftmax(index, output.Name) != output.Name;

    static string List(IEnumerable<DeclaredTensor> outputs) => string.Join(", ", outputs.Select(output => $"'{output.Name}' {output.TypeName} {output}"));

    /// <summary>The tensor the caller named: a graph output, or any tensor that a node makes.</summary>
    internal static DeclaredTensor Named(GraphIndex index, string name)
    {
        var declared = index.Graph.Output.Concat(index.Graph.ValueInfo).FirstOrDefault(value => value.Name == name);
        if (declared is not null)
            return DeclaredTensor.Of(declared);
        if (index.Producer(name) is null)
            throw new OnnxEngineException(
                ErrorKind.Usage,
                $"The model has no tensor '{name}'; its outputs are {string.Join(", ", index.Graph.Output.Select(output => $"'{output.Name}'"))}.");
        // Inner tensors seldom carry a declaration; they compute in the type the outputs have.
        var type = index.Graph.Output.Select(output => DeclaredTensor.Of(output).Type).FirstOrDefault(IsFloat, DataType.Float);
        return new DeclaredTensor(name, type, []);
    }

    /// <summary>Looks through a final Softmax, or the Sigmoid of a single score: margins are differences of logits, not of probabilities.</summary>
    internal static string BeforeSoftmax(GraphIndex index, string name)
    {
        var tensor = name;
        while (index.Producer(tensor) is { } node && node.IsStandard())
        {
            if (node.OpType is "Softmax" or "LogSoftmax" || node.OpType == "Sigmoid" && IsOneWide(index, name))
                return node.Input[0];
            if (node.OpType != "Identity")
                break;
            tensor = node.Input[0];
        }

        return name;
    }

    static bool IsOneWide(GraphIndex index, string name) =>
        index.Graph.Output.Concat(index.Graph.ValueInfo).FirstOrDefault(value => value.Name == name) is { } declared
        && DeclaredTensor.Of(declared).Shape is { Count: >= 2 } shape && shape.Skip(1).All(extent => extent == 1);

    static bool CanBeScores(DeclaredTensor output, long batch)
    {
        if (!IsFloat(output.Type))
            return false;
        var shape = output.Shape;
        if (shape.Count == 0)
            return true; // Not declared; the first run will tell.
        return shape.Count >= 2
            && (shape[0] < 0 || batch < 0 || shape[0] == batch)
            && shape[1] != 1
            && shape.Skip(2).All(extent => extent == 1);
    }

    static bool IsFloat(DataType type) => type is DataType.Float or DataType.Float16 or DataType.Double;
}
