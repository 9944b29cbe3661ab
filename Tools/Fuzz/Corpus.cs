using System.Globalization;
using Google.Protobuf;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Tests.Support;

namespace OnnxEdit.Fuzz;

/// <summary>The models that mutants are made from, in an order that does not depend on the machine.</summary>
sealed class Corpus
{
    /// <summary>One model; <see cref="Proto"/> is null where the file is not a model.</summary>
    internal sealed record Entry(string Name, byte[] Bytes, ModelProto? Proto);

    readonly List<Entry> _entries = [];

    /// <summary>Reads files, folders (all .onnx in them) and generated:N.</summary>
    public Corpus(IEnumerable<string> sources, double largestMegabytes)
    {
        foreach (var source in sources)
            if (source.StartsWith("generated:", StringComparison.Ordinal))
                for (var seed = 0; seed < int.Parse(source["generated:".Length..], CultureInfo.InvariantCulture); seed++)
                    Add($"generated {seed}", RandomNetwork.Draw(seed).ToByteArray());
            else if (Directory.Exists(source))
                foreach (var path in Directory.EnumerateFiles(source, "*.onnx", SearchOption.AllDirectories).OrderBy(Path.GetFileName, StringComparer.Ordinal))
                    AddFile(path, largestMegabytes);
            else AddFile(source, double.MaxValue);
        if (_entries.Count == 0) throw new ArgumentException("No model is left to mutate.", nameof(sources));
    }

    /// <summary>Number of models.</summary>
    public int Count => _entries.Count;

    /// <summary>Draws a model.</summary>
    public Entry Draw(Philox4x32 random) => _entries[random.NextInt(_entries.Count)];

    void AddFile(string path, double largestMegabytes)
    {
        if (new FileInfo(path).Length <= largestMegabytes * (1 << 20)) Add(Path.GetFileName(path), File.ReadAllBytes(path));
    }

    void Add(string name, byte[] bytes)
    {
        ModelProto? proto = null;
        try
        {
            proto = ModelProto.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            // Bytes of a file that is no model can be mutated all the same.
        }
        _entries.Add(new Entry(name, bytes, proto?.Graph is { Node.Count: > 0 } ? proto : null));
    }
}
