namespace OnnxEdit.Engine.Data.Sources.Objects;

/// <summary>Training and test parts of labelled pictures, told by the names of folders and files.</summary>
static class PartFolders
{
    // The part that is tested on is the first of these that there is: tests are often handed out without labels.
    static readonly string[] _tests = ["val", "valid", "validation", "test"];

    /// <summary>The folders of parts in a folder.</summary>
    public static string[] Of(string path) => [.. _tests.Prepend("train").Select(name => Path.Combine(path, name)).Where(Directory.Exists)];

    /// <summary>The part that a file belongs to by its own name or that of a folder on the way to it: "train", "val" and so on; null: none.</summary>
    public static string? Part(string root, string file) => Path.GetRelativePath(root, file).ToLowerInvariant().Split('/', '\\', '_', '-', '.').Reverse()
        .Select(word => word.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')).FirstOrDefault(word => word == "train" || _tests.Contains(word));

    /// <summary>Which parts are used.</summary>
    public static (string? Train, string? Test, IReadOnlyList<string> Unused) Chosen(IEnumerable<string> parts)
    {
        var all = parts.ToList();
        var test = _tests.FirstOrDefault(all.Contains);
        return (all.Find(part => part == "train"), test, [.. all.Where(part => part != "train" && part != test)]);
    }
}
