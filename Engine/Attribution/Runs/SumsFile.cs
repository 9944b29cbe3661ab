using System.Globalization;
using OnnxEdit.Engine.Attribution.Ablations;
using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Attribution.Runs;

/// <summary>Sums over all chunks of a run on the disk; the chunks are not needed any more.</summary>
static class SumsFile
{
    /// <summary>Writes sums.</summary>
    public static void Write(RunFolder run, AttributionSums sums)
    {
        var (n, d, file) = (run.Work.Examples, run.Work.Components, new SafeTensors());
        file.Tensors["answers"] = ([n], sums.Answers);
        if (sums.Gradients is { } gradients)
        {
            file.Tensors["gradients.sum"] = ([n, d], ChunkFile.Flat(gradients.Sum));
            file.Tensors["gradients.squares"] = ([n, d], ChunkFile.Flat(gradients.Squares));
            file.Tensors["gradients.count"] = ([n, d], ChunkFile.Flat([.. gradients.Count.Select(row => row.Select(c => (float)c).ToArray())]));
        }
        if (sums.LeftOut is { } left) file.Tensors["left_out"] = ([n, d], ChunkFile.Flat(left));
        Put(file, "ablations", sums.Ablations);
        Put(file, "held", sums.Held);
        file.Metadata["run"] = run.Sha256;
        file.Metadata["sha256"] = file.Sha256();
        file.Save(run.SumsPath, overwrite: true, durable: true);
    }

    /// <summary>Reads sums; null where there are none of this run.</summary>
    /// <exception cref="OnnxEngineException">The file is damaged (<see cref="ErrorKind.Data"/>).</exception>
    public static AttributionSums? Read(RunFolder run)
    {
        if (!File.Exists(run.SumsPath)) return null;
        var file = SafeTensors.Load(run.SumsPath);
        if (file.Metadata.GetValueOrDefault("run") != run.Sha256 || file.Metadata.GetValueOrDefault("sha256") != file.Sha256())
            throw new OnnxEngineException(ErrorKind.Data, $"'{run.SumsPath}' is damaged or of another run; write it anew with AttributionMerge.Merge.");
        var d = run.Work.Components;
        var gradients = run.Work.Gradients is null ? null
            : new PathGradients(Rows<double>(file, "gradients.sum", d), Rows<double>(file, "gradients.squares", d), [.. Rows<float>(file, "gradients.count", d).Select(row => Array.ConvertAll(row, c => (int)c))]);
        var left = file.Tensors.ContainsKey("left_out") ? Rows<float>(file, "left_out", d) : null;
        return new AttributionSums(run.Work, (float[])file.Tensors["answers"].Values, gradients, Take(file, "ablations", run.Work), Take(file, "held", run.Work), left);
    }

    static void Put(SafeTensors file, string name, AblationSums? sums)
    {
        if (sums is null) return;
        var (d, n) = (sums.Components, sums.Examples);
        file.Tensors[$"{name}.together"] = ([(long)d * (d + 1) / 2], ChunkFile.Flat(sums.Together));
        file.Tensors[$"{name}.answers"] = ([d, n], ChunkFile.Flat(sums.Answers));
        file.Tensors[$"{name}.sum"] = ([n], sums.Sum);
        file.Tensors[$"{name}.squares"] = ([n], sums.Squares);
        file.Metadata[$"{name}.count"] = sums.Count.ToString(CultureInfo.InvariantCulture);
    }

    static AblationSums? Take(SafeTensors file, string name, AttributionWork work)
    {
        if (!file.Metadata.TryGetValue($"{name}.count", out var count)) return null;
        var triangle = (double[])file.Tensors[$"{name}.together"].Values;
        var together = new double[work.Components][];
        for (int j = 0, at = 0; j < together.Length; at += ++j) together[j] = triangle[at..(at + j + 1)];
        return new AblationSums(
            long.Parse(count, CultureInfo.InvariantCulture), together, Rows<double>(file, $"{name}.answers", work.Examples),
            (double[])file.Tensors[$"{name}.sum"].Values, (double[])file.Tensors[$"{name}.squares"].Values);
    }

    static T[][] Rows<T>(SafeTensors file, string name, int length) => [.. ((T[])file.Tensors[name].Values).Chunk(length)];
}
