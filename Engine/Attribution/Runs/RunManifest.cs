using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Attribution.Runs;

/// <summary>
/// What a run of attributions over several machines does: all that chunks follow from, and hashes of all that they are run on.
/// </summary>
sealed record RunManifest
{
    /// <summary>Version of the file and of the order of the work that follows from it.</summary>
    public const string Version = "onnxedit.coar-run/1";

    static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new WordConverter() },
    };

    /// <summary>See <see cref="Version"/>.</summary>
    public string Schema { get; init; } = Version;

    /// <summary>The model, as an absolute path.</summary>
    public required string Model { get; init; }

    /// <summary>Its hash.</summary>
    public required string ModelSha256 { get; init; }

    /// <summary>The examples.</summary>
    public required RunData Data { get; init; }

    /// <summary>How attributions are made.</summary>
    public required AttributionOptions Options { get; init; }

    /// <summary>Examples per run of the model.</summary>
    public required int Batch { get; init; }

    /// <summary>Passes forward and backward over every example; follows from the rest, for the reader and as a check.</summary>
    public required int Passes { get; init; }

    /// <summary>Ablated networks; likewise.</summary>
    public required int Ablations { get; init; }

    /// <summary>Number of chunks; likewise.</summary>
    public required int Chunks { get; init; }

    /// <summary>Classes of the examples.</summary>
    public required IReadOnlyList<int> Labels { get; init; }

    /// <summary>What an answer is; null: of the label's class.</summary>
    public ExplainedAnswer? Answer { get; init; }

    /// <summary>Names of the components.</summary>
    public required IReadOnlyList<string> Components { get; init; }

    /// <summary>Describes a run.</summary>
    /// <param name="session">The network and its examples.</param>
    /// <param name="options">The options that it was made with.</param>
    /// <param name="model">The model's path.</param>
    /// <param name="data">Where the examples come from.</param>
    public static RunManifest Of(AttributionSession session, AttributionOptions options, string model, RunData data)
    {
        var (work, subject) = (session.Work(), session.Subject);
        return new RunManifest
        {
            Model = model,
            ModelSha256 = subject.ModelSha256,
            Data = data,
            Options = options,
            Batch = work.Batch,
            Passes = work.Passes,
            Ablations = work.Ablations,
            Chunks = work.Chunks.Count,
            Labels = subject.Labels,
            Answer = subject.Answer,
            Components = subject.Components,
        };
    }

    /// <summary>The chunks.</summary>
    public AttributionWork Work() => new(Options, Labels.Count, Components.Count, Batch);

    /// <summary>The file's text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, _json) + "\n";

    /// <summary>Reads a file's text.</summary>
    /// <exception cref="JsonException">It is no manifest.</exception>
    internal static RunManifest Parse(byte[] text) => JsonSerializer.Deserialize<RunManifest>(text, _json) ?? throw new JsonException("it is empty");

    /// <summary>What attributions are of.</summary>
    internal AttributionSubject Subject => new(ModelSha256, Components, Labels, Answer);

    /// <summary>Checks that a network and its examples are those of the plan.</summary>
    /// <exception cref="OnnxEngineException">They are others (<see cref="ErrorKind.Data"/>).</exception>
    internal void Require(AttributionSession session, CancellationToken cancellation)
    {
        var subject = session.Subject;
        if (subject.ModelSha256 != ModelSha256) throw Other("model", "the file was changed or another one was named (RunManifest.Model)");
        if (!subject.Components.SequenceEqual(Components)) throw Other("list of components", "this version finds others in the model");
        if (subject.Answer != Answer) throw Other("answer that is explained", $"the model is explained here by {subject.Answer?.Said ?? "classes"}, and was by {Answer?.Said ?? "classes"}");
        if (!subject.Labels.SequenceEqual(Labels) || ExampleHash.Of(session.Images, cancellation) != Data.Sha256) throw Other("examples", "the data was changed or other data was named (RunManifest.Data)");
    }

    static OnnxEngineException Other(string what, string why) =>
        new(ErrorKind.Data, $"The {what} is not the one that the run was planned with: {why}; nothing was run. Put it back, or plan a new run in another folder.".Replace("The examples is not the one", "The examples are not those", StringComparison.Ordinal));
}
