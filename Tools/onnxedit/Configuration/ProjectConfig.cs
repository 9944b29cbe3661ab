using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>
/// The file onnxedit.json: what belongs to a model but is not in it (where its data is, how its pixels are
/// normalised), so that it is said once. Paths in the file are relative to its folder.
/// </summary>
sealed record ProjectConfig
{
    internal const string FileName = "onnxedit.json";
    const string SchemaName = "onnxedit.config/1";

    static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        Converters = { new WordConverter() },
    };

    /// <summary>Format of the file.</summary>
    public string Schema { get; init; } = SchemaName;

    /// <summary>The model that commands take when none is given.</summary>
    public string? Model { get; init; }

    /// <summary>Training and test data.</summary>
    public string? Data { get; init; }

    /// <summary>Test data, where it is apart.</summary>
    public string? EvalData { get; init; }

    /// <summary>Number of calibration images; null: the default.</summary>
    public int? Calibration { get; init; }

    /// <summary>Factor on pixel values; null: 1/255.</summary>
    public float? Scale { get; init; }

    /// <summary>Means by channel.</summary>
    public IReadOnlyList<float>? Mean { get; init; }

    /// <summary>Standard deviations by channel.</summary>
    public IReadOnlyList<float>? Std { get; init; }

    /// <summary>Whether the model wants blue first.</summary>
    public bool? Bgr { get; init; }

    /// <summary>Where the channel axis stands.</summary>
    public PixelLayout? Layout { get; init; }

    /// <summary>How images are fitted.</summary>
    public ImageResize? Resize { get; init; }

    /// <summary>From labels in the data to model outputs.</summary>
    public IReadOnlyDictionary<int, int>? Labels { get; init; }

    /// <summary>Shapes of inputs that leave more than the batch open, by name; -1 for the batch.</summary>
    public IReadOnlyDictionary<string, long[]>? InputShapes { get; init; }

    /// <summary>The output that holds the logits.</summary>
    public string? Output { get; init; }

    /// <summary>What the outputs mean: a name of the table of tasks.</summary>
    public string? Task { get; init; }

    /// <summary>How a vector per token becomes one per item.</summary>
    public string? Pooling { get; init; }

    /// <summary>What the columns of a file of texts hold.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>The list of characters or tags that outputs stand for.</summary>
    public string? Alphabet { get; init; }

    /// <summary>The file that makes token ids of texts.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>The folder the file was read from; paths in it start there.</summary>
    [JsonIgnore]
    internal string Folder { get; init; } = ".";

    /// <summary>The file beside the model, else in the current folder, else null.</summary>
    internal static ProjectConfig? Find(string? modelPath)
    {
        string?[] folders = [modelPath is null ? null : Path.GetDirectoryName(Path.GetFullPath(modelPath)), "."];
        foreach (var folder in folders)
        {
            if (folder is not null && Path.Combine(folder, FileName) is var path && File.Exists(path))
                return Read(path);
        }

        return null;
    }

    /// <summary>Reads the file.</summary>
    internal static ProjectConfig Read(string path)
    {
        try
        {
            var config = JsonSerializer.Deserialize<ProjectConfig>(File.ReadAllBytes(path), _json);
            if (config?.Schema != SchemaName)
                throw new OnnxEngineException(ErrorKind.Usage, $"'{path}' is no configuration of this version (\"schema\": \"{SchemaName}\"); write it anew with onnxedit init.");
            return config with { Folder = Path.GetDirectoryName(Path.GetFullPath(path))! };
        }
        catch (JsonException inner)
        {
            throw new OnnxEngineException(ErrorKind.Usage, $"'{path}' cannot be understood: {inner.Message}", inner);
        }
    }

    /// <summary>The file's text.</summary>
    internal string ToJson() => JsonSerializer.Serialize(this, _json) + "\n";

    /// <summary>A path of the file as seen from the current folder; "random:N" is no path.</summary>
    internal string? Locate(string? path) =>
        path is null || path.StartsWith("random:", StringComparison.Ordinal) ? path : Path.GetRelativePath(".", Path.Combine(Folder, path));

    /// <summary>How the pixels are normalised, or null when the file does not say.</summary>
    internal Preprocessing? Preprocessing() =>
        Scale is null && Mean is null && Std is null && Bgr is null && Layout is null && Resize is null ? null : new Preprocessing
        {
            Scale = Scale ?? 1 / 255f,
            Mean = Mean,
            Std = Std,
            Bgr = Bgr ?? false,
            Layout = Layout,
            Resize = Resize,
        };

    /// <summary>This configuration with a normalisation written into it.</summary>
    internal ProjectConfig With(Preprocessing? preprocessing) => preprocessing is null ? this : this with
    {
        Scale = preprocessing.Scale == 1 / 255f ? null : preprocessing.Scale,
        Mean = preprocessing.Mean,
        Std = preprocessing.Std,
        Bgr = preprocessing.Bgr ? true : null,
        Layout = preprocessing.Layout,
        Resize = preprocessing.Resize,
    };
}
