using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Deployment;

/// <summary>The file deployment.json of a model in a repository: its versions and which of them is active. It is replaced as a whole.</summary>
public sealed record DeploymentManifest
{
    /// <summary>Its name.</summary>
    public const string FileName = "deployment.json";

    const string SchemaName = "onnxedit.deployment/1";

    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new WordConverter() },
    };

    /// <summary>Format of the file.</summary>
    public string Schema { get; init; } = SchemaName;

    /// <summary>The model's name.</summary>
    public required string Name { get; init; }

    /// <summary>The version that is served.</summary>
    public required int Active { get; init; }

    /// <summary>Versions that were active before, the latest last: where a rollback goes.</summary>
    public IReadOnlyList<int> Earlier { get; init; } = [];

    /// <summary>How pixels become inputs, for clients; null: not said.</summary>
    public Preprocessing? Preprocessing { get; init; }

    /// <summary>All versions, the oldest first.</summary>
    public IReadOnlyList<DeployedVersion> Versions { get; init; } = [];

    /// <summary>The active version's entry.</summary>
    [JsonIgnore]
    public DeployedVersion ActiveVersion => Find(Active) ?? throw Damaged(Name, $"it has no version {Active}, which it calls active");

    /// <summary>A version's entry, or null.</summary>
    public DeployedVersion? Find(int version) => Versions.FirstOrDefault(entry => entry.Version == version);

    /// <summary>Reads the file of a folder; null when there is none.</summary>
    /// <exception cref="OnnxEngineException">It cannot be understood (<see cref="ErrorKind.Data"/>).</exception>
    public static DeploymentManifest? Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) return null;
        try
        {
            var manifest = JsonSerializer.Deserialize<DeploymentManifest>(File.ReadAllBytes(path), Json);
            if (manifest?.Schema != SchemaName) throw Damaged(path, $"it is no {SchemaName}");
            _ = manifest.ActiveVersion;
            return manifest;
        }
        catch (JsonException e)
        {
            throw Damaged(path, e.Message.TrimEnd('.'));
        }
    }

    /// <summary>Writes the file into a folder, atomically.</summary>
    public void Write(string folder) =>
        AtomicFile.WriteText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, Json) + "\n", overwrite: true);

    static OnnxEngineException Damaged(string path, string why) => new(ErrorKind.Data, $"The deployment '{path}' cannot be understood: {why}.");
}
