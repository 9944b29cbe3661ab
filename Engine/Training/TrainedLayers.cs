using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Training;

/// <summary>Weights by the names of the nodes that read them.</summary>
static class TrainedLayers
{
    /// <summary>The weights of all nodes whose name holds one of the given parts.</summary>
    /// <param name="model">A folded model.</param>
    /// <param name="parts">Parts of node names, such as "layer3".</param>
    /// <exception cref="OnnxEngineException">A part is in no name of a node with weights (<see cref="ErrorKind.Usage"/>).</exception>
    public static IReadOnlyList<string> Named(NormalisedModel model, IReadOnlyCollection<string> parts)
    {
        var names = new NodeNames(model.Proto.Graph);
        var trainable = WeightInputs.Trainable(model.Proto.Graph).ToHashSet();
        var layers = model.Proto.Graph.Node.Where(n => n.Input.Any(trainable.Contains)).ToArray();
        HashSet<string> chosen = [];
        foreach (var part in parts)
        {
            var found = layers.Where(n => names.Of(n).Contains(part, StringComparison.Ordinal)).ToArray();
            if (found.Length == 0)
                throw new OnnxEngineException(ErrorKind.Usage, $"No layer with weights has '{part}' in its name; there are, for instance, {string.Join(", ", layers.Take(3).Append(layers[^1]).Distinct().Select(n => $"'{names.Of(n)}'"))}.");
            chosen.UnionWith(found.SelectMany(n => n.Input).Where(trainable.Contains));
        }
        return [.. chosen];
    }
}
