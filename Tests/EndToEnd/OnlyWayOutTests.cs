using System.Text.RegularExpressions;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>A model that was edited left by <c>EditDraft.Finish</c>: nothing else adds to a history or makes a model of a source.</summary>
public sealed class OnlyWayOutTests
{
    [Theory]
    [InlineData(@"\bModelHistory\.Append\(", "Engine/Edits/EditDraft.cs")]
    [InlineData(@"\b\w*(?:[Ss]ource|[Mm]odel)\.With\(", "Engine/Edits/EditDraft.cs")]
    public void Only_the_draft_of_an_edit_calls_it(string call, string caller)
    {
        var callers = ((string[])["OnnxSurgery", "Engine", "Serving", "Tools/onnxedit"])
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(f => Regex.IsMatch(Regex.Replace(File.ReadAllText(f), "//.*", ""), call))
            .Select(f => Path.GetRelativePath(Repository.Root, f).Replace('\\', '/'));
        Assert.Equal([caller], callers);
    }
}
