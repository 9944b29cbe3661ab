using OnnxEdit.Engine.Deployment;
using Xunit;

[assembly: AssemblyFixture(typeof(OnnxEdit.EndToEnd.ServedRepository))]

namespace OnnxEdit.EndToEnd;

/// <summary>A repository with two versions of the sample, 1 active and 2 slimmed, made once; tests that change it copy it.</summary>
public sealed class ServedRepository : IDisposable
{
    readonly SlimSample _sample = new();
    readonly TempFolder _root = new();
    readonly Lock _lock = new();
    int _count;

    internal const string Name = "shapes";

    /// <summary>The repository; nothing may change it.</summary>
    internal string Folder
    {
        get
        {
            var folder = _root["repo"];
            lock (_lock)
            {
                if (Directory.Exists(folder)) return folder;
                var slim = _root["slim.onnx"];
                _sample.SlimWithoutData("--sparsity 0.3", slim).Expect(0);
                CliRunner.Run(["deploy", _sample.Model, "--to", folder, "--name", Name, "--limit", "100"]).Expect(0);
                CliRunner.Run(["deploy", slim, "--to", folder, "--name", Name]).Expect(0);
            }
            return folder;
        }
    }

    /// <summary>A repository of one's own.</summary>
    internal string Copy()
    {
        var copy = _root[$"copy-{Interlocked.Increment(ref _count)}"];
        foreach (var file in Directory.GetFiles(Folder, "*", SearchOption.AllDirectories))
        {
            var to = Path.Combine(copy, Path.GetRelativePath(Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }
        return copy;
    }

    /// <summary>Items that differ from each other, as the sample takes them.</summary>
    internal static TensorValue Item(int seed, int rows = 1)
    {
        var random = new Random(seed);
        var values = new float[rows * 3 * 32 * 32];
        for (var i = 0; i < values.Length; i++) values[i] = (float)(random.NextDouble() * 2 - 1);
        return new TensorValue("input", ServedType.Named("FP32")!, [rows, 3, 32, 32], System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values).ToArray());
    }

    /// <summary>What ONNX Runtime answers, in this process.</summary>
    internal float[] Expected(TensorValue item, int version = 1)
    {
        using var model = ServableModel.Open(Path.Combine(Folder, Name, $"{version}", "model.onnx"));
        return Floats(model.Run([item])[0].Bytes.Span);
    }

    internal static float[] Floats(ReadOnlySpan<byte> bytes) => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(bytes).ToArray();

    /// <inheritdoc/>
    public void Dispose()
    {
        _sample.Dispose();
        _root.Dispose();
    }
}
