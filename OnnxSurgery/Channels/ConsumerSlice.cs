using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels;

/// <summary>A data input of a linear operator (Conv, Gemm, MatMul) that loses a slice when channels go.</summary>
/// <param name="Node">The consumer.</param>
/// <param name="Input">Which of its inputs.</param>
/// <param name="Channels">The channels along that input.</param>
sealed record ConsumerSlice(NodeProto Node, int Input, AxisChannels Channels)
{
    /// <summary>Of a quantised operator: the tensor that says which integer stands for zero; null when 0 does.</summary>
    public string? ZeroPoint { get; init; }
}
