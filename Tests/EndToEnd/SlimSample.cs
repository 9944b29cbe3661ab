using OnnxEdit.EndToEnd;
using Xunit;

[assembly: AssemblyFixture(typeof(SlimSample))]

namespace OnnxEdit.EndToEnd;

/// <summary>
/// The built-in sample, written once for all tests; nothing may change its files. Most tests take fewer of its images, which
/// are enough to see what a command does; those that state a figure take all of them.
/// </summary>
public sealed class SlimSample : IDisposable
{
    /// <summary>
    /// Points by which an accuracy on the 2,000 test images may differ from the figure that a test states: the seed is the
    /// same, but other processors round sums otherwise, and ten images may lie that near to a tie.
    /// </summary>
    internal const double Points = 0.5;

    readonly TempFolder _root = new();
    readonly Lock _lock = new();
    readonly SlimSample? _whole;
    int _count;

    /// <summary>The sample with some of its images.</summary>
    public SlimSample() => _whole = new SlimSample(null);

    SlimSample(SlimSample? whole) => _whole = whole;

    /// <summary>The sample with all of its images.</summary>
    internal SlimSample Whole => _whole ?? this;

    /// <summary>A folder with model.onnx, onnxedit.json and data/: as the command writes it, or with 1,600 training images and 400 test images.</summary>
    internal string Folder
    {
        get
        {
            var folder = _root["sample"];
            lock (_lock)
                if (Directory.Exists(folder)) return folder;
                else if (_whole is null) CliRunner.Run(["sample", folder, "-q"]).Expect(0);
                else Cut(_whole.Folder, folder);
            return folder;
        }
    }

    internal string Model => Path.Combine(Folder, "model.onnx");

    internal string Data => Path.Combine(Folder, "data");

    /// <summary>A path that nothing has been written to.</summary>
    internal string New(string extension = ".onnx") => _root[$"out-{Interlocked.Increment(ref _count)}{extension}"];

    /// <summary>Slims the sample on a few images, with the settings of its onnxedit.json.</summary>
    internal CliResult Slim(string more, string? output) => CliRunner.Run(
        [
            "slim", Model, "--calibration", "300", .. more.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            .. output is null ? Array.Empty<string>() : ["-o", output],
        ]);

    /// <summary>Slims the sample by its weights alone: away from its onnxedit.json it has no data.</summary>
    internal CliResult SlimWithoutData(string more, string output)
    {
        var folder = Directory.CreateDirectory(New("")).FullName;
        File.Copy(Model, Path.Combine(folder, "m.onnx"));
        return CliRunner.Run(["slim", "m.onnx", "-o", output, .. more.Split(' ', StringSplitOptions.RemoveEmptyEntries)], folder);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _root.Dispose();
        _whole?.Dispose();
    }

    static void Cut(string whole, string folder)
    {
        var data = Directory.CreateDirectory(Path.Combine(folder, "data")).FullName;
        foreach (var file in (string[])["model.onnx", "onnxedit.json", "data/batches.meta.txt"]) File.Copy(Path.Combine(whole, file), Path.Combine(folder, file));
        foreach (var (file, items) in new Dictionary<string, int> { ["data_batch_1.bin"] = 1600, ["test_batch.bin"] = 400 })
            File.WriteAllBytes(Path.Combine(data, file), File.ReadAllBytes(Path.Combine(whole, "data", file))[..(items * 3073)]);
    }
}
