using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Tasks;

/// <summary>Finds out whether a model works on normal random values; some compute positions or sizes from their input.</summary>
static class RandomTrial
{
    /// <summary>Items to try where the graph turns floats into integers, which may then be positions or sizes; elsewhere two will do.</summary>
    const int Items = 64;

    /// <summary>The options with the random values that the model runs on: normal ones, else uniform ones.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">Options of "random:N"; returned as they are for any other data.</param>
    /// <param name="signature">What the model takes.</param>
    /// <exception cref="OnnxEngineException">The options are wrong.</exception>
    /// <exception cref="OnnxSurgeryException">The model cannot be run at all.</exception>
    public static DataOptions Choose(OnnxModel model, DataOptions options, ModelSignature signature)
    {
        if (!options.Path.StartsWith("random:", StringComparison.Ordinal)) return options;
        var items = ModelData.Open(options, signature.Inputs).Train!;
        var normalised = NormalisedModel.Create(model.Proto, DataShapes.Complete(model.Proto, null, items));
        var uniform = options with { UniformRandom = true };
        return !Runs(normalised, items) && Runs(normalised, ModelData.Open(uniform, signature.Inputs).Train!) ? uniform : options;
    }

    static bool Runs(NormalisedModel model, ItemSet items)
    {
        if (OutputDifference.Outputs(model).Length == 0) return true;
        try
        {
            using var output = OutputDifference.Runner(model.Proto, model);
            var layout = ItemLayout.Of(model);
            var inputs = new ModelItems(model.Proto, layout, items);
            return Enumerable.Range(0, Math.Min(ComparedTensors.Jumps(model).Count > 0 ? Items : 2, inputs.Count)).All(item => OutputDifference.Run(output, layout, inputs, item).All(values => values.All(float.IsFinite)));
        }
        catch (OnnxEngineException failure) when (failure.Kind == ErrorKind.Model)
        {
            return false;
        }
    }
}
