using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// Sizes for input dimensions that a model leaves open and nobody gave: the usual ones are tried in ONNX Runtime, and
/// the first with which the model runs are taken.
/// </summary>
/// <param name="Shapes">Shapes by input name, -1 for the batch; those given included.</param>
/// <param name="Chosen">The shapes that were found by trying, e.g. "x:N,3,224,224"; empty when nothing was open.</param>
sealed record OpenInputs(IReadOnlyDictionary<string, long[]> Shapes, IReadOnlyList<string> Chosen)
{
    static readonly long[] _images = [224, 64, 32, 256, 320, 640, 512, 128];
    static readonly long[] _sequences = [64, 512, 16, 128, 256, 576, 1, 16000];

    /// <summary>One sentence for the reader, or null when nothing was open.</summary>
    public string? Note => Chosen.Count == 0 ? null
        : $"The model leaves its input size open; it was run with {string.Join(" and ", Chosen)} (choose another with SlimOptions.InputShapes).";

    /// <summary>Finds sizes.</summary>
    /// <param name="model">The model.</param>
    /// <param name="given">Shapes that are settled, by input name, -1 for the batch.</param>
    /// <exception cref="OnnxSurgeryException">The model runs at none of the sizes tried.</exception>
    public static OpenInputs Find(ModelProto model, IReadOnlyDictionary<string, long[]>? given = null)
    {
        var inputs = new GraphIndex(model.Graph).Inputs;
        var settled = new Dictionary<string, long[]>(given ?? new Dictionary<string, long[]>());
        var declared = new InputShapes(inputs, given);
        var open = inputs.Where(i => !settled.ContainsKey(i.Name) && Rank(i) is var rank && Enumerable.Range(0, rank).Any(a => declared.IsOpen(i, a))).ToArray();
        if (open.Length == 0) return new OpenInputs(settled, []);
        using var session = OrtRuntime.CreateSession(model, optimise: false);
        string? failure = null;
        // What is given of an extent holds wherever its name stands; exporters that use a name for different sizes are tried last.
        foreach (var known in Sizes(inputs, settled) is { Count: > 0 } sizes ? [sizes, []] : new[] { new Dictionary<string, long>() })
            for (var trial = 0; trial < Math.Max(_images.Length, _sequences.Length); trial++)
                foreach (var channels in open.Any(i => declared.IsOpen(i, 1) && Rank(i) == 4) ? [3L, 1L] : new[] { 3L })
                {
                    var shapes = new Dictionary<string, long[]>(settled);
                    foreach (var input in open) shapes[input.Name] = Candidate(input, declared, known, trial, channels);
                    failure = TryRun(session, new InputShapes(inputs, shapes), model);
                    if (failure is null)
                        return new OpenInputs(shapes, [.. open.Select(i => $"{i.Name}:{string.Join(',', shapes[i.Name].Select(e => e < 0 ? "N" : $"{e}"))}")]);
                }
        throw new OnnxSurgeryException(
            $"The model leaves the size of {string.Join(" and ", open.Select(i => $"'{i.Name}'"))} open and runs at none of the usual ones ({failure}); give it with SlimOptions.InputShapes = {Hint(open[0], declared)}.");
    }

    // What to type, with the word SIZE where a number is wanted.
    static string Hint(ValueInfoProto input, InputShapes declared) => $"{input.Name}:{string.Join(',', input.Type.TensorType.Shape.Dim.Select((dim, a) =>
        declared.IsOpen(input, a) ? "SIZE" : dim is { HasDimValue: true, DimValue: > 0 } ? $"{dim.DimValue}" : "N"))}";

    // Sizes of the names that extents of settled inputs have.
    static Dictionary<string, long> Sizes(IReadOnlyList<ValueInfoProto> inputs, Dictionary<string, long[]> settled)
    {
        Dictionary<string, long> sizes = [];
        foreach (var input in inputs)
            if (settled.GetValueOrDefault(input.Name) is { } shape && shape.Length == Rank(input))
                for (var a = 0; a < shape.Length; a++)
                    if (shape[a] > 0) sizes.TryAdd(InputShapes.OpenName(input, a), shape[a]);
        return sizes;
    }

    // -1 stays where the batch is; known extents are repeated, so that only what is open changes.
    static long[] Candidate(ValueInfoProto input, InputShapes declared, Dictionary<string, long> known, int trial, long channels)
    {
        var rank = Rank(input);
        var sizes = rank == 4 ? _images : _sequences;
        return [.. Enumerable.Range(0, rank).Select(a =>
            declared.IsOpen(input, a) ? known.TryGetValue(InputShapes.OpenName(input, a), out var size) ? size : rank == 4 && a == 1 ? channels : sizes[Math.Min(trial, sizes.Length - 1)]
            : input.Type.TensorType.Shape.Dim[a] is { HasDimValue: true, DimValue: > 0 } fixedSize ? fixedSize.DimValue : -1)];
    }

    static string? TryRun(ModelSession session, InputShapes shapes, ModelProto model)
    {
        string? failure = null;
        foreach (var whole in InputShapes.Wholes(shapes.Inputs))
            if (TryRun(session, shapes, model, whole) is not { } why) return null;
            else failure ??= why;
        return failure;
    }

    static string? TryRun(ModelSession session, InputShapes shapes, ModelProto model, int whole)
    {
        List<OrtValue> values = [];
        using var run = new BoundedRun(model);
        try
        {
            foreach (var input in shapes.Inputs) values.Add(shapes.Probe(input, 1, whole));
            using var results = session.Run(run.Options, [.. shapes.Inputs.Select(i => i.Name)], values, [.. model.Graph.Output.Select(o => o.Name)]);
            return null;
        }
        catch (OnnxRuntimeException e)
        {
            if (run.TookTooLong) throw run.Refusal!;
            return OrtRuntime.FirstLine(e.Message).TrimEnd('.');
        }
        finally
        {
            foreach (var value in values) value.Dispose();
        }
    }

    static int Rank(ValueInfoProto input) => input.Type?.TensorType?.Shape?.Dim.Count ?? 0;
}
