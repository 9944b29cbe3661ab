namespace OnnxEdit.EndToEnd;

/// <summary>The repository that the tests were built from.</summary>
static class Repository
{
    /// <summary>Its folder.</summary>
    internal static string Root { get; } = Find();

    static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Engine.sln"))) return folder.FullName;
        throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
