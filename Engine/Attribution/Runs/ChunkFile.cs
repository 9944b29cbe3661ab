using System.Globalization;
using OnnxEdit.Engine.Attribution.Ablations;
using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Attribution.Runs;

/// <summary>
/// A chunk on the disk: a .safetensors file with answers (float32) or sums of gradients (float64), and in its head the run,
/// the range, a hash of the content and where it was run.
/// </summary>
static class ChunkFile
{
    /// <summary>Writes a chunk; it is on the disk, whole, before it has its name.</summary>
    /// <returns>The hash of its content.</returns>
    public static string Write(string path, RunFolder run, AttributionChunk chunk, ChunkValues values, bool overwrite)
    {
        var file = new SafeTensors();
        if (values.Answers is { } answers) file.Tensors["answers"] = ([chunk.Count, chunk.Examples], Flat(answers));
        if (values.Gradients is { } gradients)
        {
            long[] shape = [chunk.Examples, run.Work.Components];
            file.Tensors["sum"] = (shape, Flat(gradients.Sum));
            file.Tensors["squares"] = (shape, Flat(gradients.Squares));
            file.Tensors["count"] = (shape, Flat([.. gradients.Count.Select(row => row.Select(c => (float)c).ToArray())]));
        }
        foreach (var (key, value) in ChunkOrigin.Facts) file.Metadata[key] = value;
        file.Metadata["run"] = run.Sha256;
        file.Metadata["chunk"] = Name(chunk);
        var hash = file.Metadata["sha256"] = file.Sha256();
        file.Save(path, overwrite, durable: true);
        return hash;
    }

    /// <summary>Reads a chunk.</summary>
    /// <exception cref="OnnxEngineException">It is damaged (<see cref="ErrorKind.Data"/>) or belongs to another run (<see cref="ErrorKind.Usage"/>).</exception>
    public static (ChunkValues Values, string Sha256, string Host) Read(string path, RunFolder run, AttributionChunk chunk)
    {
        SafeTensors file;
        try
        {
            file = SafeTensors.Load(path);
        }
        catch (OnnxEngineException e) when (e.Kind == ErrorKind.Data)
        {
            throw Damaged(path, chunk, "it is cut off or overwritten", e);
        }
        if (file.Metadata.GetValueOrDefault("run") is not { } of || file.Metadata.GetValueOrDefault("sha256") is not { } hash) throw Damaged(path, chunk, "its head says nothing of a run");
        if (of != run.Sha256) throw new OnnxEngineException(ErrorKind.Usage, $"'{path}' belongs to another run than the manifest beside it; keep the chunks of each run in a folder of their own.");
        if (file.Sha256() != hash) throw Damaged(path, chunk, "its content is not what was written");
        if (file.Metadata.GetValueOrDefault("chunk") != Name(chunk)) throw Damaged(path, chunk, "it is another chunk under this name");
        var host = file.Metadata.GetValueOrDefault("host", "?");
        if (chunk.Kind != ChunkKind.Gradients) return (new ChunkValues(Rows<float>(file, "answers", chunk.Examples), null), hash, host);
        var d = run.Work.Components;
        var counts = Rows<float>(file, "count", d).Select(row => Array.ConvertAll(row, c => (int)c)).ToArray();
        return (new ChunkValues(null, new PathGradients(Rows<double>(file, "sum", d), Rows<double>(file, "squares", d), counts)), hash, host);
    }

    internal static T[] Flat<T>(T[][] rows) => [.. rows.SelectMany(r => r)];

    static T[][] Rows<T>(SafeTensors file, string name, int length) => [.. ((T[])file.Tensors[name].Values).Chunk(length)];

    static string Name(AttributionChunk chunk) => string.Create(CultureInfo.InvariantCulture, $"{chunk.Number} {chunk}");

    static OnnxEngineException Damaged(string path, AttributionChunk chunk, string how, Exception? inner = null) =>
        new(ErrorKind.Data, $"'{path}' is damaged: {how}; make it again with AttributionSampler.Run(numbers) = {chunk.Number}.", inner);
}
