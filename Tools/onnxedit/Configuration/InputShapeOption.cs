using System.CommandLine;
using System.Globalization;
using OnnxEdit.Engine;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>The --input-shape option, for models that leave more than the batch open.</summary>
static class InputShapeOption
{
    internal static Option<string[]> Create() => new("--input-shape")
    {
        Description = "Shape of an input that leaves extents open, N for the batch; once per input",
        HelpName = "NAME:N,C,H,W",
        DefaultValueFactory = _ => [],
    };

    /// <summary>The shapes given and, where that leaves some open, usual ones with which the model runs; the reader is told.</summary>
    internal static IReadOnlyDictionary<string, long[]> Complete(CommandContext context, Option<string[]> option, OnnxModel model)
    {
        var given = Parse(context.Get(option));
        try
        {
            var found = OpenInputs.Find(model.Proto, given);
            if (found.Note is { } note) context.Output.Note(note);
            return found.Shapes;
        }
        catch (OnnxSurgeryException)
        {
            // What cannot be run can still be looked at; a command that must run it says why it cannot.
            return given;
        }
    }

    /// <summary>Shapes by input name, -1 for the batch.</summary>
    internal static Dictionary<string, long[]> Parse(string[]? texts)
    {
        var shapes = new Dictionary<string, long[]>();
        foreach (var text in texts ?? [])
        {
            // Input names may hold colons ("input:0"), shapes may not.
            var colon = text.LastIndexOf(':');
            var extents = text[(colon + 1)..].Split(',').Select((part, axis) => Extent(part, axis)).ToArray();
            if (colon <= 0 || extents.Contains(0))
                throw new OnnxEngineException(ErrorKind.Usage, $"--input-shape takes NAME:N,C,H,W, e.g. input:N,3,224,224, not '{text}'.");
            shapes[text[..colon]] = extents;
        }

        return shapes;
    }

    static long Extent(string text, int axis) =>
        axis == 0 && text is "N" or "n" ? -1
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var extent) ? extent : 0;
}
