using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Edits;

/// <summary>Checks that folding constants and shapes changed nothing.</summary>
static class FoldingCheck
{
    /// <summary>A batch that no model is traced at, large enough that a fraction of it is not 0.</summary>
    const int OtherBatch = 5;

    // Of open extents: the first that is tried may be a multiple of all that the model divides by.
    const int OtherSizes = 2;

    /// <summary>
    /// Compares at sizes that the model was not traced at: another batch, and other open extents; where the model computes with
    /// sizes at all, on several kinds of values as well, since sizes may be those of what was chosen by values. Models that
    /// draw random numbers cannot be compared.
    /// </summary>
    /// <param name="original">The model as it was loaded.</param>
    /// <param name="folded">Its folded form.</param>
    /// <param name="shapes">Sizes of open extents, see <see cref="InputShapes"/>.</param>
    /// <exception cref="OnnxEngineException">The two differ (<see cref="ErrorKind.VerificationFailed"/>).</exception>
    public static void Require(ModelProto original, NormalisedModel folded, IReadOnlyDictionary<string, long[]>? shapes)
    {
        if (original.Graph.Node.Any(ConstantFolding.IsRandom)) return;
        var made = original.Graph.Node.SelectMany(n => n.Output).ToHashSet();
        string[] names = [.. ComparedTensors.Of(folded).Where(made.Contains)];
        if (names.Length == 0) return;
        var inputs = new InputShapes(folded.Index.Inputs, shapes);
        if (folded.Trace.HasDynamicBatch) RequireAt(original, folded, names, i => inputs.At(i, OtherBatch));
        var ran = 0;
        foreach (var other in inputs.OtherSizes())
            if (RequireAt(original, folded, names, i => other.At(i, folded.Trace.Batch)) && ++ran == OtherSizes) break;
        if (!TakesSizes(original)) return;
        for (var kind = ProbeRun.Kinds; kind < ProbeRun.KindsOfAnyData; kind++) RequireAt(original, folded, names, i => inputs.At(i, folded.Trace.Batch), kind);
    }

    static bool TakesSizes(ModelProto model) => model.Graph.Node.Concat(model.Functions.SelectMany(f => f.Node)).Any(n => n.OpType is "Shape" or "Size");

    // False where the original itself does not run at these sizes.
    static bool RequireAt(ModelProto original, NormalisedModel folded, string[] names, Func<ValueInfoProto, long[]> shapeOf, int kind = 0)
    {
        Dictionary<string, ProbeRun.Found> before;
        try
        {
            before = ProbeRun.Of(original, folded, names, shapeOf, kind);
        }
        catch (OnnxEditException)
        {
            return false;
        }
        var after = ProbeRun.Of(folded.Proto, folded, names, shapeOf, kind);
        foreach (var (name, found) in before)
            if (LargestDifference.Of<float>(found.Values, after[name].Values) is var difference && !difference.IsWithin(EditVerification.ToleranceFor(folded)))
                throw EditVerification.Failed(FormattableString.Invariant(
                    $"with its constants folded, '{name}' differs by {difference.Value:g3} from the original at other input {(kind > 0 ? "values" : "sizes")} than those it was traced at"));
        return true;
    }
}
