using OnnxEdit.Surgery.Channels;

namespace OnnxEdit.Cli;

/// <summary>The option --attention of every command that analyses channels.</summary>
static class AttentionOption
{
    /// <summary>A new option.</summary>
    internal static WordOption<HeadCut> Create() => new("--attention", HeadCut.Dimensions, "What is cut in attentions: dimensions of every head, or whole heads");
}
