using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxEdit.Engine.Scores;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Slimming;

/// <summary>
/// Which channels go, by component: node identity and original channel number. Serialisable, so that a plan can be
/// printed, kept and applied again; choices that were measured are resolved in it.
/// </summary>
public sealed record SlimPlan
{
    /// <summary>Format of the file.</summary>
    public const string CurrentSchema = "onnxedit.plan/1";

    /// <summary>Format of the file.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>SHA-256 of the model the plan is for.</summary>
    public required string SourceSha256 { get; init; }

    /// <summary>How channels were ranked.</summary>
    public required string Score { get; init; }

    /// <summary>Where the ranking came from: calibration images, a statistics file, or weights only.</summary>
    public required string Statistics { get; init; }

    /// <summary>What had to be reached.</summary>
    public required string Budget { get; init; }

    /// <summary>Multiple that channel counts were held to.</summary>
    public required int Align { get; init; }

    /// <summary>Seed of every random choice.</summary>
    public required ulong Seed { get; init; }

    /// <summary>What was cut where attentions split channels into heads; channel numbers alone do not say which go together.</summary>
    [JsonConverter(typeof(WordConverter))]
    public HeadCut Attention { get; init; } = HeadCut.Dimensions;

    /// <summary>Removed channels of every node that makes channels, by node identity.</summary>
    public required IReadOnlyDictionary<string, int[]> Removed { get; init; }

    static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        RespectNullableAnnotations = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The plan as JSON text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, _json) + "\n";

    /// <summary>Reads a plan file.</summary>
    /// <exception cref="OnnxEngineException">No such file, or not a plan.</exception>
    public static SlimPlan Load(string path)
    {
        try
        {
            var plan = JsonSerializer.Deserialize<SlimPlan>(File.ReadAllText(path), _json);
            if (plan is { Schema: CurrentSchema, SourceSha256.Length: 64 } && plan.Removed.Values.All(channels => channels is not null))
                return plan with { Score = ChannelScores.Table.Find(plan.Score)?.Name ?? plan.Score };
            throw new OnnxEngineException(ErrorKind.Usage, $"'{path}' is not a plan of schema {CurrentSchema}; make one with SlimPlan.ToJson.");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new OnnxEngineException(ErrorKind.Usage, $"The plan '{path}' cannot be read ({e.Message.Split('\n')[0].TrimEnd('.')}); make one with SlimPlan.ToJson.", e);
        }
    }

    /// <summary>Removed channels of each producer.</summary>
    internal static SortedDictionary<string, int[]> Describe(ChannelAnalysis analysis, IReadOnlyList<bool> removed)
    {
        var names = new NodeNames(analysis.Model.Proto.Graph);
        var result = new SortedDictionary<string, int[]>(StringComparer.Ordinal);
        foreach (var producer in analysis.Producers)
        {
            int[] gone = [.. Enumerable.Range(0, producer.Ids.Length).Where(i => producer.Ids[i] >= 0 && removed[producer.Ids[i]])];
            if (gone.Length > 0) result[names.Of(producer.Node)] = gone;
        }
        return result;
    }

    /// <summary>One flag per cell of an analysis.</summary>
    /// <exception cref="OnnxEngineException">The plan does not fit the model.</exception>
    internal bool[] Resolve(ChannelAnalysis analysis)
    {
        var names = new NodeNames(analysis.Model.Proto.Graph);
        var producers = analysis.Producers.ToDictionary(p => names.Of(p.Node));
        var removed = new bool[analysis.CellCount];
        var guard = new LastChannelGuard(analysis);
        foreach (var (name, channels) in Removed)
        {
            if (!producers.TryGetValue(name, out var producer))
                throw Misfit($"it names node '{name}', which the model does not have");
            foreach (var c in channels)
            {
                if (c < 0 || c >= producer.Ids.Length || producer.Ids[c] < 0)
                    throw Misfit($"it names channel {c} of '{name}', which has {producer.Ids.Length}");
                var cell = producer.Ids[c];
                if (analysis.LockOf(cell) is { } why) throw Misfit($"it names channel {c} of '{name}', which is locked by {why}");
                if (removed[cell]) continue;
                if (!guard.MayRemove([cell])) throw Misfit($"it takes the last channel of '{name}', or of a tensor that depends on it");
                guard.Remove(cell);
                removed[cell] = true;
            }
        }
        // A cell goes as a whole: what the plan removes must be closed under "lives and dies together".
        var closed = Describe(analysis, removed);
        foreach (var (name, channels) in closed)
            if (!Removed.TryGetValue(name, out var listed) || !channels.SequenceEqual(listed.Order()))
                throw Misfit($"channels of '{name}' go with others that it removes but are not listed");
        return removed;
    }

    static OnnxEngineException Misfit(string why) =>
        new(ErrorKind.Usage, $"The plan does not fit the model: {why}; make a new one with SlimPlan.ToJson.");
}
