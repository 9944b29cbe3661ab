using System.Text.RegularExpressions;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>
/// The house has floors: a folder is a namespace, and uses what stands below it, never what stands above. Folders of one
/// row are neighbours and do not know each other. Folders inside a folder share its floor, unless they are listed.
/// </summary>
public sealed class FloorTests
{
    // Lowest first.
    static readonly string[][] _engine =
    [
        ["Data"], ["Linear"], ["Runtime", "Alignment"], ["Tasks"], ["Refit"], ["Statistics", "Training"], ["Scores"], ["Edits"],
        ["Finetuning"], ["Slimming"], ["Unlearning", "Editing", "Attribution.Ablations"], ["EditableTraining", "Attribution"],
        ["Attribution.Runs", "Attribution.Corrections"], ["Reporting", "Deployment", "Sample"],
    ];

    static readonly string[][] _surgery = [["Proto"], ["Model"], ["Graph"], ["Channels", "Components"], ["Rewrites"], ["Gradients"]];

    /// <summary>Neighbours that know each other all the same, with the reason.</summary>
    static readonly (string From, string To)[] _neighbours =
    [
        // Measured channel counts are sessions of their own and need to know the processor's runtime.
        ("Alignment", "Runtime"),
    ];

    [Theory]
    [InlineData("Engine", "OnnxEdit.Engine")]
    [InlineData("OnnxSurgery", "OnnxEdit.Surgery")]
    public void A_folder_uses_only_what_stands_below_it(string folder, string root)
    {
        var floors = folder == "Engine" ? _engine : _surgery;
        List<string> wrong = [];
        var files = 0;
        foreach (var path in Sources(folder))
        {
            files++;
            var text = File.ReadAllText(path);
            var relative = Path.GetRelativePath(Path.Combine(Repository.Root, folder), Path.GetDirectoryName(path)!);
            var own = relative == "." ? "" : relative.Replace(Path.DirectorySeparatorChar, '.');
            var space = Regex.Match(text, @"^namespace ([\w.]+);", RegexOptions.Multiline).Groups[1].Value;
            if (space != (own.Length == 0 ? root : $"{root}.{own}")) wrong.Add($"{path}: its namespace is {space}, which is not its folder");
            var (name, height) = Floor(floors, own);
            foreach (var used in Used(text, root))
            {
                var (other, otherHeight) = Floor(floors, used);
                if (other == name || otherHeight < height || _neighbours.Contains((name, other))) continue;
                wrong.Add($"{path}: {name} uses {other}, which does not stand below it");
            }
        }
        Assert.True(files > 100, $"only {files} files were found in {folder}");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void No_folder_is_flat_and_full()
    {
        var full = ((string[])["Engine", "OnnxSurgery", "Kernels"]).SelectMany(Sources).GroupBy(f => Path.GetDirectoryName(f)!)
            .Where(g => g.Count() > 26).Select(g => $"{g.Key}: {g.Count()} files");
        Assert.Empty(full);
    }

    // Namespaces in using directives, and those written out in front of a type.
    static IEnumerable<string> Used(string text, string root)
    {
        var code = Regex.Replace(text, @"^namespace .*$|(?<!/)//(?!/).*$", "", RegexOptions.Multiline);
        return Regex.Matches(code, $@"{Regex.Escape(root)}\.((?:\w+\.)*\w+)").Select(m => m.Groups[1].Value).Distinct();
    }

    // The longest listed name that the folder lies in. The root is the ground.
    static (string Name, int Height) Floor(string[][] floors, string space)
    {
        for (var part = space; part.Length > 0; part = part.Contains('.', StringComparison.Ordinal) ? part[..part.LastIndexOf('.')] : "")
            for (var height = 0; height < floors.Length; height++)
                if (floors[height].Contains(part)) return (part, height);
        return space.Length == 0 || char.IsUpper(space[0]) && !space.Contains('.', StringComparison.Ordinal) && floors.All(f => !f.Contains(space))
            ? (space.Length == 0 ? "" : Unlisted(space), -1) : throw new InvalidOperationException($"'{space}' is on no floor; list it.");
    }

    // A type of the root namespace that is written out, such as OnnxEdit.Engine.OnnxEngineException, is no folder.
    static string Unlisted(string name) => Directory.Exists(Path.Combine(Repository.Root, "Engine", name)) || Directory.Exists(Path.Combine(Repository.Root, "OnnxSurgery", name))
        ? throw new InvalidOperationException($"'{name}' is on no floor; list it.") : "";

    static IEnumerable<string> Sources(string folder) => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)
        .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
            && !f.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal));
}
