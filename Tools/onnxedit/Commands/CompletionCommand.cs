using System.CommandLine;
using OnnxEdit.Engine;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>Prints the script that lets a shell complete the program's commands and options.</summary>
sealed class CompletionCommand : CliCommand
{
    static readonly Dictionary<string, string> _scripts = new()
    {
        ["bash"] = "onnxedit.bash",
        ["zsh"] = "onnxedit.zsh",
        ["fish"] = "onnxedit.fish",
        ["pwsh"] = "onnxedit.ps1",
    };

    readonly Argument<string> _shell = new("shell") { Description = string.Join(", ", _scripts.Keys) };

    internal CompletionCommand() : base(
        "completion",
        "Prints a script that makes a shell complete commands, options and their words. The script's first lines say where it goes.",
        "onnxedit completion bash",
        "source <(onnxedit completion zsh)",
        "onnxedit completion pwsh | Out-String | Invoke-Expression")
    {
        _shell.CompletionSources.Add([.. _scripts.Keys]);
        Arguments.Add(_shell);
    }

    internal override void Execute(CommandContext context)
    {
        var shell = context.Get(_shell)!;
        if (!_scripts.TryGetValue(shell, out var name))
            throw new OnnxEngineException(ErrorKind.Usage, $"There is no completion for '{shell}'; the shells are {string.Join(", ", _scripts.Keys)}.");
        using var reader = new StreamReader(typeof(CompletionCommand).Assembly.GetManifestResourceStream(name)!);
        var script = reader.ReadToEnd();
        if (context.Global.Json) context.Output.Json("completion", 1, new { Shell = shell, Script = script });
        else Console.Out.Write(script);
    }
}
