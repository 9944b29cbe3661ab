using OnnxEdit.Surgery;

namespace OnnxEdit.Engine;

/// <summary>Calibration statistics in a file, so that a model can be edited where its data is not at hand.</summary>
public sealed class MomentsBundle
{
    MomentsBundle(CalibrationStatistics statistics, string toolVersion) => (Statistics, ToolVersion) = (statistics, toolVersion);

    /// <summary>What was measured.</summary>
    public CalibrationStatistics Statistics { get; }

    /// <summary>Version of the program that wrote the file.</summary>
    public string ToolVersion { get; }

    /// <summary>Writes statistics.</summary>
    public static void Write(string path, CalibrationStatistics statistics, bool overwrite = false) => throw new NotSupportedException();

    /// <summary>Reads statistics.</summary>
    public static MomentsBundle Read(string path, OnnxModel? model = null) => throw new NotSupportedException();

    /// <summary>Gram sums of each group of a consumer, by the identity of its node; null when there are none.</summary>
    internal GramSums[]? Grams(string node) => Statistics.Grams(node);
}
