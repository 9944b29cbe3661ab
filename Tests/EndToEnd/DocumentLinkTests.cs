using System.Text.RegularExpressions;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>What the documents point to is there, and the README stays a page that one reads.</summary>
public sealed partial class DocumentLinkTests
{
    static readonly string[] _documents = ["README.md", "CHANGELOG.md", .. Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md").Select(d => Path.GetRelativePath(Repository.Root, d)).Order(StringComparer.Ordinal)];

    [Fact]
    public void Every_link_leads_to_a_file_and_a_heading()
    {
        List<string> broken = [];
        foreach (var document in _documents)
            foreach (var link in Links(document))
            {
                var (path, anchor) = link.Split('#', 2) is [var before, var after] ? (before, after) : (link, null);
                var target = path.Length == 0 ? document : Path.Combine(Path.GetDirectoryName(document)!, path);
                var full = Path.Combine(Repository.Root, target);
                if (!File.Exists(full) || (anchor is not null && !Anchors(full).Contains(anchor))) broken.Add($"{document}: {link}");
            }
        Assert.True(broken.Count == 0, string.Join('\n', broken));
    }

    /// <summary>Files and folders of the repository that stand in code marks, such as the ones that decisions name.</summary>
    [Fact]
    public void Every_path_into_the_repository_exists()
    {
        string[] named = [.. _documents.SelectMany(document => RepositoryPath().Matches(Read(document)).Select(found => (document, path: found.Groups["path"].Value)))
            .Where(named => !Path.Exists(Path.Combine(Repository.Root, named.path))).Select(named => $"{named.document}: {named.path}")];
        Assert.True(named.Length == 0, string.Join('\n', named));
    }

    [Fact]
    public void The_README_fits_on_a_landing_page_and_links_once()
    {
        Assert.InRange(File.ReadAllLines(Path.Combine(Repository.Root, "README.md")).Length, 1, 150);
        var links = Links("README.md").ToArray();
        Assert.Equal(links.Distinct(), links);
        // Nothing is hidden: every document is linked.
        foreach (var document in _documents.Except(["README.md"])) Assert.Contains(document, links);
    }

    static string Read(string document) => File.ReadAllText(Path.Combine(Repository.Root, document));

    static IEnumerable<string> Links(string document) => Link().Matches(Read(document)).Select(found => found.Groups["to"].Value)
        .Where(to => !to.Contains("://", StringComparison.Ordinal));

    // As GitHub makes them: small letters, spaces as hyphens, other marks left out.
    static HashSet<string> Anchors(string file) => [.. Heading().Matches(File.ReadAllText(file))
        .Select(found => Mark().Replace(found.Groups["text"].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'))];

    [GeneratedRegex(@"\]\((?<to>[^)\s]+)\)|<img src=""(?<to>[^""]+)""")]
    private static partial Regex Link();

    [GeneratedRegex(@"`(?<path>(Engine|Kernels|OnnxSurgery|PublicApi|Serving|Tests|Tools|docs)/[\w./-]*)")]
    private static partial Regex RepositoryPath();

    [GeneratedRegex(@"^#+ (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex Mark();
}
