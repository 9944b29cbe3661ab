using System.CommandLine;
using OnnxEdit.Engine;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;

namespace OnnxEdit.Cli;

/// <summary>Says which channels can be removed, and what locks the others.</summary>
sealed class ExplainCommand : CliCommand
{
    readonly Argument<string> _model = new("model") { Description = "The ONNX file" };
    readonly Option<string?> _group = new("--group") { Description = "Only this group, with all its nodes", HelpName = "NAME" };
    readonly WordOption<HeadCut> _attention = AttentionOption.Create();
    readonly Option<string[]> _shapes = InputShapeOption.Create();

    internal ExplainCommand() : base(
        "explain",
        "Says which channels of a model live and die together, what removing one saves, and which operator locks those that must stay.",
        "onnxedit explain model.onnx",
        "onnxedit explain model.onnx --group conv1")
    {
        Arguments.Add(_model);
        Options.Add(_group);
        Options.Add(_attention);
        Options.Add(_shapes);
    }

    internal override void Execute(CommandContext context)
    {
        var model = context.Load(context.Get(_model)!);
        var shapes = InputShapeOption.Complete(context, _shapes, model);
        var analysis = context.Output.Track(_ => ChannelAnalysis.Of(NormalisedModel.Create(model.Proto, shapes), context.Get(_attention)!.Value));
        var facts = ChannelFacts.Of(model.Path, analysis);
        var none = facts.Groups.Count == 0 ? NoChannels.Because(analysis) : null;
        var group = context.Get(_group) is { } name ? Find(facts, name, none) : null;
        if (context.Global.Json)
            context.Output.Json("explain", 1, group is null ? facts : facts with { Groups = [group] });
        else if (group is not null)
            ChannelReport.Write(context.Output, group);
        else if (none is not null)
            context.Output.Line($"No channel can be removed: {none}.");
        else
            ChannelReport.Write(context.Output, facts);
    }

    /// <summary>The group of that name, or the one that the node of that name makes channels of.</summary>
    static ChannelFacts.GroupFacts Find(ChannelFacts facts, string name, string? none) =>
        facts.Groups.FirstOrDefault(group => group.Name == name)
        ?? facts.Groups.FirstOrDefault(group => group.Producers.Any(node => node.Node == name))
        ?? throw new OnnxEngineException(
            ErrorKind.Usage,
            none is not null ? $"There is no channel group '{name}': {none}."
            : $"The model has no channel group '{name}'; it has {string.Join(", ", facts.Groups.Take(5).Select(group => $"'{group.Name}'"))}{(facts.Groups.Count > 5 ? " ..." : "")}.");
}
