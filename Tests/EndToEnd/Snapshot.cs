using System.Text;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>
/// Compares text with a file in Snapshots/. With ONNXEDIT_UPDATE_SNAPSHOTS=1 the file is written instead; the change is
/// then reviewed like any other.
/// </summary>
static class Snapshot
{
    /// <summary>Fails at the first line that differs, and shows both.</summary>
    internal static void Check(string name, string actual)
    {
        var path = Path.Combine(Folder(), $"{name}.txt");
        if (Environment.GetEnvironmentVariable("ONNXEDIT_UPDATE_SNAPSHOTS") == "1")
        {
            Directory.CreateDirectory(Folder());
            File.WriteAllText(path, actual, new UTF8Encoding(false));
            return;
        }
        Assert.True(File.Exists(path), $"'{path}' is missing; set ONNXEDIT_UPDATE_SNAPSHOTS=1 to write it.");
        var (expected, found) = (File.ReadAllText(path).Split('\n'), actual.Split('\n'));
        for (var i = 0; i < Math.Max(expected.Length, found.Length); i++)
        {
            var (e, f) = (expected.ElementAtOrDefault(i) ?? "(nothing)", found.ElementAtOrDefault(i) ?? "(nothing)");
            Assert.True(e == f, $"{name}.txt, line {i + 1}:\n  expected: {e}\n  found:    {f}\nIf that is right, run again with ONNXEDIT_UPDATE_SNAPSHOTS=1.");
        }
    }

    static string Folder() => Path.Combine(Repository.Root, "Tests", "EndToEnd", "Snapshots");
}
