using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Tasks.Kinds;

/// <summary>How an item's output becomes one vector.</summary>
sealed class Pooling
{
    /// <summary>The mean over positions that are no padding.</summary>
    public const string Mean = "mean";

    /// <summary>The first position, [CLS] of BERT.</summary>
    public const string First = "first";

    /// <summary>The output as it is.</summary>
    public const string None = "none";

    readonly string _kind;
    readonly string _output;

    Pooling(string kind, string output) => (_kind, _output) = (kind, output);

    /// <summary>What users may type.</summary>
    public static string[] Names { get; } = [Mean, First, None];

    /// <summary>As the options say; without, the mean of what has a vector for each position.</summary>
    /// <exception cref="OnnxEngineException">The options name no pooling (<see cref="ErrorKind.Usage"/>).</exception>
    public static Pooling Of(TaskSubject subject, DeclaredTensor output)
    {
        var kind = subject.Options.Pooling ?? (output.Shape.Count is 0 or 3 && subject.ReadsTokens ? Mean : None);
        return Names.Contains(kind) ? new Pooling(kind, output.Name) : throw new OnnxEngineException(ErrorKind.Usage, $"There is no pooling '{kind}'; there are {string.Join(", ", Names)}.");
    }

    /// <summary>In words that the output's name follows.</summary>
    public string Said => _kind switch { Mean => "the mean over positions of", First => "the first position of", _ => "the vector" };

    /// <summary>Whether positions are made one vector; else the output is taken as it is.</summary>
    public bool IsOfPositions => _kind != None;

    /// <summary>By how much each position of an output [positions, width] counts: all that are no padding alike, or the first alone.</summary>
    public float[] Shares(ItemOutput output)
    {
        float[] counts = [.. Enumerable.Range(0, output.Shape[0]).Select(p => _kind == First ? p == 0 ? 1f : 0 : output.Mask is not { } mask || p < mask.Length && mask[p] ? 1 : 0)];
        var sum = Math.Max(1, counts.Sum());
        return Array.ConvertAll(counts, count => count / sum);
    }

    /// <summary>The vector of an item.</summary>
    /// <exception cref="OnnxEngineException">It is not finite (<see cref="ErrorKind.Model"/>).</exception>
    public float[] Vector(ItemOutput output)
    {
        var (values, width) = (output.Values, output.Shape is [.., var last] ? last : 1);
        if (_kind == First && output.Shape.Length > 1) values = values[..width];
        if (_kind == Mean && output.Shape is [var positions, _])
        {
            var sum = new double[width];
            var counted = 0;
            for (var p = 0; p < positions; p++)
            {
                if (output.Mask is { } mask && !(p < mask.Length && mask[p])) continue;
                counted++;
                for (var c = 0; c < width; c++) sum[c] += values[p * width + c];
            }
            values = Array.ConvertAll(sum, value => (float)(value / Math.Max(1, counted)));
        }
        if (!values.All(float.IsFinite))
            throw new OnnxEngineException(ErrorKind.Model, $"The output '{_output}' is not finite for an item; the model's weights or the data hold values it cannot work with.");
        return values;
    }
}
