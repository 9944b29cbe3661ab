using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Tasks;

/// <summary>Finds the tensor that holds one score per class.</summary>
static class ClassifierOutput
{
    /// <summary>The first output that can be class scores: floats, [batch, classes], any further extents being 1.</summary>
    internal static DeclaredTensor Find(GraphIndex index, long batch)
    {
        var outputs = index.Graph.Output.Select(DeclaredTensor.Of).ToArray();
        foreach (var output in outputs)
            if (CanBeScores(output, batch)) return output;
        var list = string.Join(", ", outputs.Select(output => $"'{output.Name}' {output.TypeName} {output}"));
        throw ClassifierSignature.Unsuitable(
            $"none of its outputs ({list}) is a float [batch, classes] tensor, so it looks like a detector or another kind of network; if one of its tensors does hold class scores, name it with EvaluationOptions.Output");
    }

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

    /// <summary>Looks through a final Softmax: margins are differences of logits, not of probabilities.</summary>
    internal static string BeforeSoftmax(GraphIndex index, string name)
    {
        var tensor = name;
        while (index.Producer(tensor) is { } node && node.IsStandard())
        {
            if (node.OpType is "Softmax" or "LogSoftmax")
                return node.Input[0];
            if (node.OpType != "Identity")
                break;
            tensor = node.Input[0];
        }

        return name;
    }

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
