using System.Text.Json;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>What a run of the program left behind.</summary>
sealed record CliResult(int ExitCode, string StdOut, string StdErr)
{
    /// <summary>The result as JSON.</summary>
    internal JsonElement Json() => JsonDocument.Parse(StdOut).RootElement;

    /// <summary>Checks the exit code; a failure shows all the program said.</summary>
    internal CliResult Expect(int exitCode)
    {
        if (ExitCode != exitCode)
            throw new InvalidOperationException($"Exit code {ExitCode} instead of {exitCode}.\nstdout:\n{StdOut}\nstderr:\n{StdErr}");
        return this;
    }

    /// <summary>Checks that the program failed with one sentence, and returns it.</summary>
    internal string ExpectError(int exitCode)
    {
        Expect(exitCode);
        var lines = StdErr.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var error = Assert.Single(lines, line => line.StartsWith("error: ", StringComparison.Ordinal));
        Assert.Equal(error, lines[^1]);
        Assert.DoesNotContain("   at ", StdErr, StringComparison.Ordinal);
        return error;
    }
}
