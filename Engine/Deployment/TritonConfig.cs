using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace OnnxEdit.Engine.Deployment;

/// <summary>The file config.pbtxt that Triton reads; other servers leave it alone. It describes the active version.</summary>
static partial class TritonConfig
{
    /// <summary>Its name.</summary>
    public const string FileName = "config.pbtxt";

    /// <summary>Name of the file of class names, one a line.</summary>
    public const string LabelsFile = "labels.txt";

    /// <summary>The file's text.</summary>
    /// <param name="name">The model's name.</param>
    /// <param name="version">The active version; only this one is served.</param>
    /// <param name="hasLabels">Whether labels.txt names the classes of the first output.</param>
    public static string Text(string name, DeployedVersion version, bool hasLabels)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"name: {Quoted(name)}\nplatform: \"onnxruntime_onnx\"\nmax_batch_size: {version.MaxBatchSize}\n");
        foreach (var input in version.Inputs)
            text.Append(CultureInfo.InvariantCulture, $"input [ {{ name: {Quoted(input.Name)} data_type: {input.Type.Triton} dims: [ {Dims(input, version)} ] }} ]\n");
        foreach (var (output, at) in version.Outputs.Select((output, at) => (output, at)))
        {
            var labels = hasLabels && at == 0 ? $" label_filename: \"{LabelsFile}\"" : "";
            text.Append(CultureInfo.InvariantCulture, $"output [ {{ name: {Quoted(output.Name)} data_type: {output.Type.Triton} dims: [ {Dims(output, version)} ]{labels} }} ]\n");
        }
        if (version.MaxBatchSize > 0) text.Append("dynamic_batching { }\n");
        text.Append(CultureInfo.InvariantCulture, $"version_policy {{ specific {{ versions: [ {version.Version} ] }} }}\n");
        return text.ToString();
    }

    /// <summary>The largest batch a configuration allows; null when the folder has none that says so.</summary>
    public static int? MaxBatchSize(string folder)
    {
        var path = Path.Combine(folder, FileName);
        return File.Exists(path) && BatchPattern().Match(File.ReadAllText(path)) is { Success: true } match
            && int.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : null;
    }

    // Triton adds the batch itself where there is one.
    static string Dims(ServedTensor tensor, DeployedVersion version) =>
        string.Join(", ", version.MaxBatchSize > 0 ? tensor.Shape.Skip(1).DefaultIfEmpty(1) : tensor.Shape.DefaultIfEmpty(1));

    static string Quoted(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    [GeneratedRegex(@"^\s*max_batch_size\s*:\s*(\d+)", RegexOptions.Multiline)]
    private static partial Regex BatchPattern();
}
