using System.Diagnostics;
using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class CompletionTests
{
    static readonly string[] _shells = ["bash", "zsh", "fish", "pwsh"];

    [Fact]
    public void Each_shell_has_a_script_that_asks_the_program()
    {
        foreach (var shell in _shells)
        {
            var script = CliRunner.Run(["completion", shell]).Expect(0).StdOut;
            Assert.Contains("[suggest:", script, StringComparison.Ordinal);
            Assert.Contains($"onnxedit completion {shell}", script, StringComparison.Ordinal);
        }
        Assert.Contains("bash, zsh, fish, pwsh", CliRunner.Run("completion tcsh").ExpectError(2), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sli", "slim")]
    [InlineData("slim --spars", "--sparsity")]
    [InlineData("slim model.onnx --score mpm-r", "mpm-robust")]
    [InlineData("completion fi", "fish")]
    public void The_program_says_how_a_line_may_go_on(string line, string expected) =>
        Assert.Contains(expected, CliRunner.Run([$"[suggest:{line.Length}]", line]).Expect(0).StdOut.Split('\n', StringSplitOptions.TrimEntries));

    [Theory]
    [InlineData("onnxedit unle", "unlearn")]
    [InlineData("onnxedit slim --rec", "--recovery")]
    [InlineData("onnxedit slim model.onnx --recovery b", "bn")]
    [InlineData("onnxedit inspect EndToEnd.d", "EndToEnd.dll")]
    public void Bash_completes_with_the_script(string line, string expected)
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "There is no /bin/bash.");
        var words = line.Split(' ');
        // A function stands for the program; what bash would set on a Tab is set by hand.
        var script = $$"""
            onnxedit() { "{{Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet"}}" exec "{{Path.Combine(AppContext.BaseDirectory, "onnxedit.dll")}}" "$@"; }
            source <(onnxedit completion bash)
            COMP_WORDS=({{line}}) COMP_CWORD={{words.Length - 1}} COMP_LINE="{{line}}" COMP_POINT={{line.Length}}
            _onnxedit_complete
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        var start = new ProcessStartInfo("/bin/bash") { RedirectStandardOutput = true, WorkingDirectory = AppContext.BaseDirectory };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(script);
        using var bash = Process.Start(start)!;
        var found = bash.StandardOutput.ReadToEnd();
        bash.WaitForExit();
        Assert.Contains(expected, found.Split('\n'));
    }
}
