namespace OnnxEdit.Engine.Alignment;

/// <summary>Kinds of layers whose time depends on the channel count in different ways.</summary>
enum AlignmentKind
{
    /// <summary>3x3 convolution.</summary>
    Convolution,

    /// <summary>1x1 convolution.</summary>
    Pointwise,

    /// <summary>3x3 depthwise convolution.</summary>
    Depthwise,

    /// <summary>Product with a weight matrix.</summary>
    MatMul,
}
