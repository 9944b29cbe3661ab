using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Tasks.Kinds;

/// <summary>A model as tasks look at it.</summary>
/// <param name="Model">The model.</param>
/// <param name="Index">Its graph.</param>
/// <param name="Inputs">Its inputs, as declared.</param>
/// <param name="Outputs">Its outputs, as declared.</param>
/// <param name="Options">What was asked for: output, pooling.</param>
sealed record TaskSubject(ModelProto Model, GraphIndex Index, IReadOnlyList<DeclaredTensor> Inputs, IReadOnlyList<DeclaredTensor> Outputs, EvaluationOptions Options)
{
    /// <summary>Looks at a model.</summary>
    public static TaskSubject Of(ModelProto model, EvaluationOptions options)
    {
        var index = new GraphIndex(model.Graph);
        return new TaskSubject(model, index, [.. index.Inputs.Select(DeclaredTensor.Of)], [.. model.Graph.Output.Select(DeclaredTensor.Of)], options);
    }

    /// <summary>Whether it reads token ids: an integer input of one row of positions per item.</summary>
    public bool ReadsTokens => Inputs.Any(input => TokenInputs.IsIds(input.Name) && input.Shape.Count == 2);

    /// <summary>The declaration of the output that the options name, else null.</summary>
    /// <exception cref="OnnxEngineException">There is no such tensor (<see cref="Surgery.ErrorKind.Usage"/>).</exception>
    public DeclaredTensor? Named => Options.Output is { } name ? ClassifierOutput.Named(Index, name) : null;
}
