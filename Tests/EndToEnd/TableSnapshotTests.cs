using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>Tables and lines of commands whose figures do not depend on the processor, word for word.</summary>
public sealed partial class TableSnapshotTests(SlimSample sample)
{
    [Fact]
    public void Tables_are_what_they_were()
    {
        var folder = Directory.CreateDirectory(sample.Whole.New("")).FullName;
        File.Copy(sample.Whole.Model, Path.Combine(folder, "model.onnx"));
        Directory.CreateSymbolicLink(Path.Combine(folder, "data"), sample.Whole.Data);
        const string Data = "--data data --mean 0.5 --std 0.25";
        var text = new StringBuilder();
        foreach (var command in (string[])
            [
                "inspect model.onnx",
                "explain model.onnx",
                "slim model.onnx --sparsity 0.4 --score l2 --recovery none --align 8 --dry-run",
                "slim model.onnx --sparsity 0.4 --score l2 --recovery none --align 8 -o slim.onnx",
                "inspect slim.onnx",
                $"eval model.onnx {Data}",
                $"init model.onnx {Data}",
                "coar plan model.onnx --examples 100 --budget 1200 -o run",
                "deploy model.onnx --to repo --name sample --activate",
                "deploy slim.onnx --to repo --name sample",
                "deploy --to repo --list",
            ])
        {
            var result = CliRunner.Run([.. command.Split(' '), "-q"], folder).Expect(0);
            var lines = result.StdOut.ReplaceLineEndings("\n").Replace(folder, "FOLDER", StringComparison.Ordinal).Split('\n');
            // Latencies are not looked at, nor the last digits of accuracies.
            text.Append($"== onnxedit {command}\n{string.Join('\n', lines.Where(line => !line.TrimStart().StartsWith("ms, batch", StringComparison.Ordinal) && !line.StartsWith("batch ", StringComparison.Ordinal)).Select(line => Varying().Replace(line, "#")))}\n");
        }
        Snapshot.Check("tables", text.ToString());
    }

    // Times, dates, versions, hashes, and percentages that another processor may round otherwise.
    [GeneratedRegex(@"\d+(\.\d+)? m?s\b|\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?|ONNX Runtime [\d.]+|-?\b\d+\.\d\d\b|\b[0-9a-f]{12,64}\b")]
    private static partial Regex Varying();
}
