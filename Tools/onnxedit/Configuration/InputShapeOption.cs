using System.CommandLine;
using System.Globalization;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>The --input-shape option, for models that leave more than the batch open; the one way in which all commands open sizes.</summary>
static class InputShapeOption
{
    internal static Option<string[]> Create() => new("--input-shape")
    {
        Description = "Shape of an input that leaves extents open, N for the batch; once per input",
        HelpName = "NAME:N,C,H,W",
        DefaultValueFactory = _ => [],
    };

    /// <summary>The shapes given, on the command line or else by the configuration beside the model; of the latter those of inputs that it has.</summary>
    /// <exception cref="OnnxEngineException">A shape is given that the model cannot take (<see cref="ErrorKind.Usage"/>).</exception>
    internal static Dictionary<string, long[]> Given(CommandContext context, Option<string[]> option, OnnxModel model, ProjectConfig? config)
    {
        var inputs = new GraphIndex(model.Proto.Graph).Inputs.Select(DeclaredTensor.Of).ToDictionary(i => i.Name);
        var shapes = (config?.InputShapes ?? new Dictionary<string, long[]>()).Where(s => inputs.ContainsKey(s.Key)).ToDictionary();
        foreach (var (name, shape) in Parse(context.Get(option)))
        {
            if (!inputs.TryGetValue(name, out var input))
                throw new OnnxEngineException(ErrorKind.Usage, $"--input-shape names '{name}', and the model has no such input; it has {string.Join(", ", inputs.Keys.Select(i => $"'{i}'"))}.");
            if (shape.Length != input.Shape.Count || shape.Zip(input.Shape).Any(e => e.First > 0 && e.Second > 0 && e.First != e.Second))
                throw new OnnxEngineException(ErrorKind.Usage, $"--input-shape {name}:{Text(shape)} does not fit the input '{name}', which is {input}; only what it leaves open can be given.");
            shapes[name] = shape;
        }
        return shapes;
    }

    /// <summary>The same and, where that leaves some open, usual ones with which the model runs; the reader is told.</summary>
    internal static IReadOnlyDictionary<string, long[]> Complete(CommandContext context, Option<string[]> option, OnnxModel model) =>
        Complete(context.Output, model, Given(context, option, model, ProjectConfig.Find(model.Path)), null);

    /// <summary>Shapes that are given, those that the data has, and, where both leave some open, usual ones with which the model runs; the reader is told.</summary>
    internal static IReadOnlyDictionary<string, long[]> Complete(CliOutput output, OnnxModel model, IReadOnlyDictionary<string, long[]>? given, ItemSet? items)
    {
        var known = DataShapes.Complete(model.Proto, given, items);
        try
        {
            var found = OpenInputs.Find(model.Proto, known);
            if (found.Note is { } note) output.Note(note);
            return found.Shapes;
        }
        catch (OnnxSurgeryException)
        {
            // What cannot be run can still be looked at; a command that must run it says why it cannot.
            return known;
        }
    }

    /// <summary>A shape as it is typed.</summary>
    internal static string Text(IEnumerable<long> shape) => string.Join(',', shape.Select(e => e < 0 ? "N" : e.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Shapes by input name, -1 for the batch.</summary>
    static Dictionary<string, long[]> Parse(string[]? texts)
    {
        var shapes = new Dictionary<string, long[]>();
        foreach (var text in texts ?? [])
        {
            // Input names may hold colons ("input:0"), shapes may not.
            var colon = text.LastIndexOf(':');
            var extents = text[(colon + 1)..].Split(',').Select(Extent).ToArray();
            if (colon <= 0 || extents.Contains(0) || extents.Count(e => e < 0) > 1)
                throw new OnnxEngineException(ErrorKind.Usage, $"--input-shape takes NAME:N,C,H,W, e.g. input:N,3,224,224, not '{text}'.");
            shapes[text[..colon]] = extents;
        }

        return shapes;
    }

    // The batch of a state may be an inner axis.
    static long Extent(string text) =>
        text is "N" or "n" ? -1
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var extent) ? extent : 0;
}
