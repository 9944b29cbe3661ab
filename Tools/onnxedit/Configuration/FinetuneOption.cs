using System.CommandLine;
using System.Globalization;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Training;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>The option of other commands to fine-tune what they made: --finetune 5m, or --finetune 500 for steps.</summary>
static class FinetuneOption
{
    /// <summary>Makes the option.</summary>
    /// <param name="description">What is imitated.</param>
    internal static Option<string?> Create(string description) => new("--finetune") { Description = description, HelpName = "TIME|STEPS" };

    /// <summary>The options that are meant; null where nothing is given.</summary>
    /// <exception cref="OnnxEngineException">Neither a time nor a number of steps.</exception>
    internal static FinetuneOptions? Parse(string? text, CommandContext context, ModelAndData inputs)
    {
        if (text is null) return null;
        var options = new FinetuneOptions { Teacher = inputs.Model, Seed = context.Global.Seed, Evaluation = inputs.Evaluation };
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var steps) && steps > 0 ? options with { Steps = steps }
            : Numbers.Time(text) is { } time ? options with { Time = time }
            : throw new OnnxEngineException(ErrorKind.Usage, $"--finetune takes a time such as 5m or a number of steps such as 500, not '{text}'.");
    }
}
