using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Statistics;

/// <summary>
/// Calibration statistics in a file, so that a model can be edited where its data is not at hand: a zip of NumPy
/// arrays with a manifest.json, schema "onnxedit.moments/1". It holds sums over images, and no image.
/// </summary>
/// <example><code>
/// MomentsBundle.Write("model.moments", CalibrationStatistics.Collect(model, analysis, images));
/// var statistics = MomentsBundle.Read("model.moments", model).Statistics;
/// </code></example>
public sealed class MomentsBundle
{
    MomentsBundle(CalibrationStatistics statistics, string toolVersion) => (Statistics, ToolVersion) = (statistics, toolVersion);

    /// <summary>What was measured.</summary>
    public CalibrationStatistics Statistics { get; }

    /// <summary>Version of the program that wrote the file.</summary>
    public string ToolVersion { get; }

    /// <summary>
    /// Writes statistics to a temporary file in the same folder and renames it, so that the target is complete or
    /// untouched. The same statistics give the same bytes.
    /// </summary>
    /// <param name="path">The target; its folder must exist.</param>
    /// <param name="statistics">What to write.</param>
    /// <param name="overwrite">Allows replacing an existing file.</param>
    /// <exception cref="OnnxEngineException">The file exists or cannot be written (<see cref="ErrorKind.Usage"/>).</exception>
    public static void Write(string path, CalibrationStatistics statistics, bool overwrite = false)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        RequireTarget(path, overwrite);
        try
        {
            AtomicFile.Write(path, stream => MomentsWriter.Write(stream, statistics, typeof(MomentsBundle).Assembly.GetName().Version!.ToString(3)), overwrite);
        }
        catch (Exception inner) when (inner is IOException or UnauthorizedAccessException)
        {
            throw new OnnxEngineException(ErrorKind.Usage, $"'{path}' cannot be written: {inner.Message}", inner);
        }
    }

    /// <summary>Reads statistics.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model that the statistics must belong to; null: any.</param>
    /// <exception cref="OnnxEngineException">Missing, no bundle, damaged, or of another model (<see cref="ErrorKind.Data"/>).</exception>
    public static MomentsBundle Read(string path, OnnxModel? model = null)
    {
        using var file = NpzFile.Open(path);
        if (!file.HasFile(MomentsManifest.FileName))
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' is not a .moments bundle: it has no {MomentsManifest.FileName}.");
        var manifest = MomentsManifest.Parse(file.ReadText(MomentsManifest.FileName), path);
        if (model is not null && manifest.ModelSha256 != model.Sha256)
            throw new OnnxEngineException(
                ErrorKind.Data,
                $"'{path}' was measured on another model (SHA-256 {manifest.ModelSha256}) than '{model.Path ?? "the given one"}' ({model.Sha256}); measure this one with MomentsBundle.Write.");
        return new MomentsBundle(new MomentsReader(file, manifest, path).Read(), manifest.Tool);
    }

    /// <summary>Gram sums of each group of a consumer, by the identity of its node; null when there are none.</summary>
    internal GramSums[]? Grams(string node) => Statistics.Grams(node);

    static void RequireTarget(string path, bool overwrite = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
            throw new OnnxEngineException(ErrorKind.Usage, $"'{path}' is a folder; give a file name inside it.");
        if (!Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(path))))
            throw new OnnxEngineException(ErrorKind.Usage, $"The folder of '{path}' does not exist; create it or choose another.");
        if (File.Exists(path) && !overwrite)
            throw new OnnxEngineException(ErrorKind.Usage, $"'{path}' exists; add MomentsBundle.Write(overwrite) to replace it, or choose another name.");
        // Renaming onto a device would replace it.
        if (Path.GetFullPath(path).StartsWith("/dev/", StringComparison.Ordinal))
            throw new OnnxEngineException(ErrorKind.Usage, $"'{path}' is a device; give a file name.");
    }
}
