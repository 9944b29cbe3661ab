using System.CommandLine;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Attribution;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Gradients;

namespace OnnxEdit.Cli;

/// <summary>What counts as a component, what ablating one means, and which number is explained.</summary>
sealed class ComponentOptions
{
    readonly Option<string> _components = new("--components")
    {
        Description = "filters (of convolutions), units (of linear layers), neurons (units before an activation), heads (of attention), channels (of residual streams); several with commas",
        HelpName = "KIND,...",
        DefaultValueFactory = _ => Words.Of(ComponentKinds.Filters),
    };

    readonly Option<bool> _shortcuts = new("--shortcuts") { Description = "Filters of convolutions on shortcuts count, too" };
    readonly Option<string?> _layers = new("--layers") { Description = "Only components of layers that have one of these in their names; what lies before them is run once per example [default: all]", HelpName = "NAME,..." };
    readonly WordOption<AblationKind> _ablation = new("--ablation", AblationKind.ZeroWeight, "What takes a component's place: its bias (as published), zero, or its mean");
    readonly WordOption<AnswerKind> _answer = new("--answer", AnswerKind.Margin, "The number that is explained of a classifier: the class's logit less the largest other one, and so on");
    readonly Option<double?> _alpha = Numbers.OptionalReal("--alpha", Bounds.Above(0).UpTo(0.5), "Share of the components that a mask ablates [default: 0.1]");

    internal void AddTo(Command command)
    {
        foreach (var option in new Option[] { _components, _shortcuts, _layers, _ablation, _answer, _alpha }) command.Options.Add(option);
    }

    /// <summary>Whether the command line says what takes a component's place.</summary>
    internal bool IsAblationGiven(CommandContext context) => context.Parsed.GetResult(_ablation) is { Implicit: false };

    internal AttributionOptions Resolve(CommandContext context, ModelAndData inputs) => new()
    {
        Components = Kinds(context.Get(_components)!),
        Shortcuts = context.Get(_shortcuts),
        Layers = context.Get(_layers)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
        Ablation = context.Get(_ablation)!.Value,
        Answer = context.Get(_answer)!.Value,
        Alpha = context.Get(_alpha) ?? new AttributionOptions().Alpha,
        Seed = context.Global.Seed,
        Output = inputs.Output,
        Task = inputs.Task,
        Pooling = inputs.Pooling,
        // A list beside a classifier says nothing of its answers.
        Alphabet = inputs.Alphabet is { } alphabet && ExplainedTask.Of(inputs.Model.Proto, inputs.Evaluation, null) is not null ? Path.GetFullPath(alphabet) : null,
    };

    static ComponentKinds Kinds(string text)
    {
        if (Words.Find<ComponentKinds>(text) is { } kinds) return kinds;
        var words = Words.All<ComponentKinds>();
        throw new OnnxEngineException(ErrorKind.Usage, $"--components takes {string.Join(", ", words[..^1])} and {words[^1]}, with commas between them, not '{text.Split(',', StringSplitOptions.TrimEntries).Except(words).First()}'.");
    }
}
