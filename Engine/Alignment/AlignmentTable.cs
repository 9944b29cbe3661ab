using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Alignment;

/// <summary>
/// How the time of a layer depends on its channel count on this machine. Kernels work in blocks of channels, so that
/// an odd count may take longer than the next multiple of 16; pruning to the right multiple costs nothing.
/// </summary>
/// <param name="Cpu">The processor the table was measured on.</param>
/// <param name="Threads">Threads it was measured with.</param>
/// <param name="Runtime">Version of ONNX Runtime.</param>
/// <param name="Rows">The measurements.</param>
sealed record AlignmentTable(string Cpu, int Threads, string Runtime, IReadOnlyList<AlignmentRow> Rows)
{
    /// <summary>
    /// The table of this machine: read from the user's cache, or measured (some seconds) and kept there. A cache that
    /// cannot be read is measured again; one that cannot be written is done without. There is one for each number of threads
    /// and each device (<see cref="ExecutionOptions"/>).
    /// </summary>
    /// <param name="cancellation">Ends a measurement.</param>
    public static AlignmentTable Load(CancellationToken cancellation)
    {
        var execution = ExecutionOptions.Current;
        var count = execution.ThreadCount;
        return new AlignmentCache(AlignmentCache.DefaultFolder)
            .Load(execution.Device == ExecutionDevice.Cuda ? $"{CpuModel.Name}, CUDA" : CpuModel.Name, count, OrtRuntime.Version, () => AlignmentMeasurement.Run(count, cancellation));
    }

    /// <summary>The multiple that channel counts of such layers should be held to: 1, 4, 8 or 16.</summary>
    /// <param name="depthwise">The channels pass a depthwise convolution.</param>
    /// <param name="matmul">The channels meet only Gemm and MatMul.</param>
    public int MultipleFor(bool depthwise, bool matmul) => BestMultiple.Of(
        depthwise ? Of(AlignmentKind.Depthwise)
        : matmul ? Of(AlignmentKind.MatMul)
        : Of(AlignmentKind.Convolution, AlignmentKind.Pointwise));

    IEnumerable<AlignmentRow> Of(params AlignmentKind[] kinds) => Rows.Where(row => kinds.Contains(row.Kind));
}
