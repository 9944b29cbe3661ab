using OnnxEdit.Surgery;

namespace OnnxEdit.Engine;

/// <summary>x</summary>
sealed class StatisticsCollector(OnnxModel model, ChannelAnalysis analysis, ImageSet images, StatisticsOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
{
    /// <summary>x</summary>
    public CalibrationStatistics Run() => throw new NotSupportedException($"{model} {analysis} {images} {options} {progress} {cancellation}");
}
