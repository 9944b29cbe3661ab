using System.Text.RegularExpressions;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>The libraries as somebody else gets them: from packages, in a program that uses ONNX Runtime itself.</summary>
public sealed partial class PackedHostTests(PackedHost host) : IClassFixture<PackedHost>
{
    [Fact]
    public void The_libraries_depend_on_exactly_their_own_version_of_each_other()
    {
        var version = $"[{PackedHost.Version}]";
        Assert.Equal(["OnnxEdit.Engine", "OnnxEdit.Kernels", "OnnxEdit.Surgery"], host.Manifests.Keys);
        Assert.Equal([("OnnxEdit.Kernels", version), ("OnnxEdit.Surgery", version)], OwnDependencies("OnnxEdit.Engine"));
        Assert.Empty(OwnDependencies("OnnxEdit.Kernels"));
        Assert.Empty(OwnDependencies("OnnxEdit.Surgery"));
    }

    [Fact]
    public void In_a_program_that_has_opened_a_session_edits_run_side_by_side_on_threads_of_their_own()
    {
        var (output, _) = host.Run("guest", telemetry: "1");
        Assert.Contains("at once: the same", output, StringComparison.Ordinal);
        // The program unset it behind its session, and nobody has set it again.
        Assert.Contains("ORT_DISABLE_TELEMETRY is not set", output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_samples_of_the_library_run_as_printed()
    {
        var (output, folder) = host.Run("samples", telemetry: null);
        foreach (var made in new[] { "slim.onnx", "unlearn.onnx", "model.coar.safetensors", "edit.onnx", "finetuned.onnx" })
            Assert.True(File.Exists(Path.Combine(folder, made)), made);
        Assert.Contains("points of top-1", output, StringComparison.Ordinal);
        // Here the libraries were the first to use ONNX Runtime, and nobody had a word on its telemetry.
        Assert.Contains("ORT_DISABLE_TELEMETRY is 1", output, StringComparison.Ordinal);
    }

    (string, string)[] OwnDependencies(string package) => [.. Dependency().Matches(host.Manifests[package])
        .Select(match => (match.Groups["id"].Value, match.Groups["version"].Value)).Where(d => d.Item1.StartsWith("OnnxEdit.", StringComparison.Ordinal)).Order()];

    [GeneratedRegex("""<dependency id="(?<id>[^"]+)" version="(?<version>[^"]+)""")]
    private static partial Regex Dependency();
}
