using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Tasks;

/// <summary>What goes into a model, and whether what comes out are class scores.</summary>
public sealed record ModelSignature
{
    /// <summary>The inputs, in the model's order.</summary>
    public required IReadOnlyList<ModelInput> Inputs { get; init; }

    /// <summary>The model as a classifier; null when it is none.</summary>
    public ClassifierSignature? Classifier { get; init; }

    /// <summary>Why it is no classifier, as half a sentence; null when it is one.</summary>
    public string? NoClassifierBecause { get; init; }

    /// <summary>Reads the signature from what the graph declares.</summary>
    /// <param name="model">The model.</param>
    /// <param name="output">The logits, see <see cref="ClassifierSignature.Of"/>; a model they are named for must be a classifier.</param>
    /// <param name="shapes">Sizes of what the model leaves open, by input name, -1 for the batch.</param>
    /// <exception cref="OnnxEngineException">The output named does not exist, or the model cannot be a classifier.</exception>
    public static ModelSignature Of(ModelProto model, string? output = null, IReadOnlyDictionary<string, long[]>? shapes = null)
    {
        var signature = new ModelSignature { Inputs = ModelInput.All(model, shapes) };
        try
        {
            return signature with { Classifier = ClassifierSignature.Measured(model, output) };
        }
        catch (OnnxEngineException no) when (output is null && no.Kind == ErrorKind.Model)
        {
            return signature with { NoClassifierBecause = no.Message.Replace(ClassifierSignature.Refusal, "", StringComparison.Ordinal).TrimEnd('.') };
        }
    }
}
