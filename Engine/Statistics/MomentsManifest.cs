using System.Text.Json;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Statistics;

/// <summary>manifest.json of a .moments bundle: what the arrays beside it are. Facts that are the same in every run only.</summary>
/// <param name="Schema">Always <see cref="Current"/>.</param>
/// <param name="Tool">Version of the program that wrote it.</param>
/// <param name="ModelSha256">Hash of the model measured.</param>
/// <param name="Images">Number of images.</param>
/// <param name="Labels">"data" or "predictions": where the classes come from.</param>
/// <param name="ClassCounts">Images per class.</param>
/// <param name="ClassNames">Names of the classes, or null.</param>
/// <param name="Points">Points, in graph order; point i has the arrays point{i}.*.</param>
/// <param name="Units">Linear units, in graph order; unit i has the arrays unit{i}.*.</param>
/// <param name="Skipped">What was left out.</param>
/// <param name="Features">The unit with sums by class, arrays features.*; null: none, as in files of earlier versions.</param>
sealed record MomentsManifest(
    string Schema, string Tool, string ModelSha256, int Images, string Labels, IReadOnlyList<int> ClassCounts,
    IReadOnlyList<string>? ClassNames, IReadOnlyList<MomentsManifest.Point> Points, IReadOnlyList<MomentsManifest.Unit> Units,
    IReadOnlyList<SkippedStatistics> Skipped, MomentsManifest.Unit? Features = null)
{
    internal const string FileName = "manifest.json";
    internal const string Family = "onnxedit.moments/";
    internal const string Current = Family + "1";

    static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>A point.</summary>
    /// <param name="Id">Identity of the node that makes the tensor.</param>
    /// <param name="Tensor">Name of the tensor.</param>
    /// <param name="Channels">Number of channels.</param>
    /// <param name="Features">Pooled features kept: mean, norm, max.</param>
    /// <param name="Bins">Bins of the histograms; 0: none.</param>
    /// <param name="Independence">Whether channel independence is kept.</param>
    /// <param name="MapDistance">Whether distances of mean maps are kept.</param>
    internal sealed record Point(string Id, string Tensor, int Channels, IReadOnlyList<string> Features, int Bins, bool Independence, bool MapDistance);

    /// <summary>A linear unit.</summary>
    /// <param name="Node">Identity of its node.</param>
    /// <param name="Groups">Groups; classes, of the unit with sums by class.</param>
    /// <param name="Rows">Patch rows of a group.</param>
    /// <param name="Outputs">Outputs of a group.</param>
    internal sealed record Unit(string Node, int Groups, int Rows, int Outputs);

    internal string ToJson() => JsonSerializer.Serialize(this, _json) + "\n";

    /// <summary>Reads a manifest; a schema of another version is told apart from damage.</summary>
    /// <exception cref="OnnxEngineException">Not a manifest this version reads.</exception>
    internal static MomentsManifest Parse(string text, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var schema = document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("schema", out var value) ? value.ToString() : "";
            if (schema != Current)
                throw new OnnxEngineException(
                    ErrorKind.Data,
                    schema.StartsWith(Family, StringComparison.Ordinal)
                        ? $"'{path}' has the schema {schema} and this version reads {Current}; write it again with MomentsBundle.Write."
                        : $"'{path}' is not a .moments bundle: its {FileName} has no schema {Current}.");
            return document.Deserialize<MomentsManifest>(_json)!;
        }
        catch (JsonException inner)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"{FileName} in '{path}' is damaged: {inner.Message}", inner);
        }
    }
}
