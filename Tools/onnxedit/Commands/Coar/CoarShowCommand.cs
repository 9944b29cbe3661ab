using System.CommandLine;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Attribution;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>Lists the components that count most for an example, a class or all.</summary>
sealed class CoarShowCommand : CliCommand
{
    readonly Argument<string> _file = new("attributions") { Description = "A file that 'onnxedit coar' wrote" };
    readonly Option<int?> _example = Numbers.OptionalWhole("--example", 0, "Number of an example in the file, from 0 [default: all]");
    readonly Option<int?> _class = Numbers.OptionalWhole("--class", 0, "Number of a class: the mean over its examples");
    readonly Option<int> _top = Numbers.Whole("--top", 1, 100_000, 10, "Components to list at either end");

    readonly Option<string?> _plot = new("--plot") { Description = "Also draw them as bars, a PNG", HelpName = "FILE" };

    internal CoarShowCommand() : base(
        "show",
        "Lists the components that help and harm most.",
        "onnxedit coar show model.coar.safetensors --example 17",
        "onnxedit coar show model.coar.safetensors --class 3 --top 20")
    {
        Arguments.Add(_file);
        foreach (var option in new Option[] { _example, _class, _top, _plot }) Options.Add(option);
    }

    internal override void Execute(CommandContext context)
    {
        if (context.Get(_plot) is { } drawing) OutputTarget.Require(drawing, context.Global.Force);
        var attributions = Attributions.Load(context.Get(_file)!);
        int[] examples;
        if (context.Get(_example) is { } one)
        {
            if (one >= attributions.Scores.Count) throw new OnnxEngineException(ErrorKind.Usage, $"There is no example {one}: the file has {attributions.Scores.Count}, 0 to {attributions.Scores.Count - 1}.");
            examples = [one];
        }
        else if (context.Get(_class) is { } label)
        {
            examples = [.. Enumerable.Range(0, attributions.Scores.Count).Where(e => attributions.Labels[e] == label)];
            if (attributions.Labels.All(l => l < 0)) throw new OnnxEngineException(ErrorKind.Usage, "The examples of the file have no classes; leave --class away.");
            if (examples.Length == 0) throw new OnnxEngineException(ErrorKind.Usage, $"The file has no example of class {label}; it has classes {string.Join(", ", attributions.Labels.Distinct().Order())}.");
        }
        else examples = [.. Enumerable.Range(0, attributions.Scores.Count)];
        AttributionTable.WriteComponents(context, attributions, examples, context.Get(_top), context.Get(_plot));
    }
}
