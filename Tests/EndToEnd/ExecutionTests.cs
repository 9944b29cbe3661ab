using System.Text.RegularExpressions;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>Nothing in the libraries passes by the threads and the device of a run.</summary>
public sealed partial class ExecutionTests
{
    [Fact]
    public void Sessions_and_loops_are_made_in_one_place_each()
    {
        Assert.Equal(["Engine/Runtime/SessionLanes.cs", "Engine/ThreadedLoop.cs"], Sources("Engine", "OnnxSurgery").Where(s => Loop().IsMatch(s.Text)).Select(s => s.Path));
        Assert.Equal(["OnnxSurgery/Model/OrtRuntime.cs"], Sources("Engine", "OnnxSurgery", "Serving").Where(s => s.Text.Contains("new SessionOptions", StringComparison.Ordinal)).Select(s => s.Path));
        // Kernels know of no run; what they do on several threads takes a number of them.
        Assert.All(Sources("Kernels").SelectMany(s => Loop().Matches(s.Text)), loop => Assert.Contains("MaxDegreeOfParallelism", loop.Value, StringComparison.Ordinal));
    }

    static IEnumerable<(string Path, string Text)> Sources(params string[] folders) => folders
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories))
        .Select(file => (Path: Path.GetRelativePath(Repository.Root, file).Replace('\\', '/'), Text: File.ReadAllText(file)))
        .Where(source => !source.Path.Contains("/obj/", StringComparison.Ordinal)).OrderBy(source => source.Path, StringComparer.Ordinal);

    [GeneratedRegex(@"Parallel\.For.*|AsParallel.*")]
    private static partial Regex Loop();
}
