using OnnxEdit.Surgery.Graph;

namespace OnnxEdit.Engine.Edits;

/// <summary>What an edited model takes and returns in one run, stated by the edit that changes it.</summary>
/// <param name="Inputs">Shapes of the inputs, by name.</param>
/// <param name="Outputs">Shapes of the outputs that go with them, by name; outputs whose shape depends on values are left out.</param>
sealed record RunSignature(IReadOnlyDictionary<string, long[]> Inputs, IReadOnlyDictionary<string, long[]> Outputs)
{
    /// <summary>What a model takes and returns as it was traced.</summary>
    public static RunSignature Of(NormalisedModel model) => new(
        model.Index.Inputs.ToDictionary(i => i.Name, i => model.Trace.Shape(i.Name)),
        model.Proto.Graph.Output.Where(o => model.Trace.Shapes.ContainsKey(o.Name)).ToDictionary(o => o.Name, o => model.Trace.Shape(o.Name)));

    /// <summary>The same with another first extent everywhere.</summary>
    public RunSignature WithBatch(long batch) => new(Widened(Inputs, batch), Widened(Outputs, batch));

    static Dictionary<string, long[]> Widened(IReadOnlyDictionary<string, long[]> shapes, long batch) =>
        shapes.ToDictionary(s => s.Key, s => s.Value.Length == 0 ? s.Value : (long[])[batch, .. s.Value.Skip(1)]);
}
