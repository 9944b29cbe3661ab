using System.CommandLine;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Attribution;
using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>Which examples of the data are explained: labelled ones, where answers are of classes.</summary>
sealed class ExampleOptions
{
    internal const string Test = "test", Train = "train";

    readonly Option<int> _count = Numbers.Whole("--examples", 1, PathLimit, 200, "Examples to explain, drawn by the seed");
    readonly Option<string> _from = Numbers.OneOf("--from", [Test, Train], Test, "The part of the data to draw them from");

    const int PathLimit = 1 << 16;

    internal void AddTo(Command command)
    {
        command.Options.Add(_count);
        command.Options.Add(_from);
    }

    /// <summary>Number of examples asked for.</summary>
    internal int Count(CommandContext context) => context.Get(_count);

    /// <summary>Opens the data and draws the examples.</summary>
    internal (ItemSet Images, string From, IReadOnlyList<string>? Names) Open(CommandContext context, ModelAndData inputs) =>
        Open(context, inputs, context.Get(_count), context.Get(_from)!);

    /// <summary>The same for a number and a part that are known.</summary>
    internal static (ItemSet Images, string From, IReadOnlyList<string>? Names) Open(CommandContext context, ModelAndData inputs, int count, string from)
    {
        var data = from == Test
            ? inputs.OpenData(context.Output, testOnly: true, count)
            : (inputs with { Calibration = count, IsValidated = false }).OpenData(context.Output);
        var images = (from == Test ? data.Test : data.Calibration)
            ?? throw new OnnxEngineException(ErrorKind.Data, $"The data has no {from} items to explain; give other data with --data.");
        if (ExplainedTask.IsLanguageModel(inputs.Model.Proto, inputs.Task)) images = new TokenSequences(images);
        else if (ExplainedTask.Of(inputs.Model.Proto, inputs.Evaluation, images) is not null)
            return (images.Count <= count ? images : images.Select([.. Enumerable.Range(0, count)]), from, data.ClassNames);
        else DataMatch.Warn(inputs, images, context);
        int[] labelled = [.. Enumerable.Range(0, images.Count).Where(i => images.Label(i) >= 0).Take(count)];
        if (labelled.Length == 0) throw new OnnxEngineException(ErrorKind.Data, $"The {from} items have no labels, and what counts for an answer depends on them; give labelled data.");
        return (labelled.Length == images.Count ? images : images.Select(labelled), from, data.ClassNames);
    }
}
