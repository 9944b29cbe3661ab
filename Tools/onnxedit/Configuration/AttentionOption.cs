using System.CommandLine;
using OnnxEdit.Surgery.Channels;

namespace OnnxEdit.Cli;

/// <summary>The option --attention of every command that analyses channels.</summary>
static class AttentionOption
{
    /// <summary>A new option.</summary>
    internal static Option<string> Create() =>
        Numbers.OneOf("--attention", ["dims", "heads"], "dims", "What is cut in attentions: dimensions of every head, or whole heads");

    /// <summary>The value of the option.</summary>
    internal static HeadCut Parse(string text) => text == "heads" ? HeadCut.Heads : HeadCut.Dimensions;
}
