using OnnxEdit.Kernels.Moments;

namespace OnnxEdit.Engine.Statistics;

/// <summary>Brings a tensor with the batch first and channels on any other axis into a layout that kernels read.</summary>
sealed class ActivationArrangement(int channelAxis)
{
    float[] _turned = [];

    /// <summary>The activations and their layout. Channels on the second or last axis stay where they are.</summary>
    /// <param name="values">Row-major values.</param>
    /// <param name="shape">Dimensions, batch first.</param>
    /// <param name="layout">How the returned activations lie in memory.</param>
    public ReadOnlySpan<float> Arrange(ReadOnlySpan<float> values, long[] shape, out ActivationShape layout)
    {
        var (images, channels) = ((int)shape[0], (int)shape[channelAxis]);
        var outer = (int)Product(shape, 1, channelAxis);
        var inner = (int)Product(shape, channelAxis + 1, shape.Length);
        layout = new ActivationShape(images, channels, outer * inner, inner == 1 && outer > 1 ? ActivationLayout.ChannelsLast : ActivationLayout.ChannelsFirst);
        return outer == 1 || inner == 1 ? values : Turn(values, images, outer, channels, inner);
    }

    /// <summary>Maps [channels, positions] of one image.</summary>
    public static ReadOnlySpan<float> Maps(ReadOnlySpan<float> activations, ActivationShape layout, int image)
    {
        var one = activations.Slice(image * layout.Channels * layout.Positions, layout.Channels * layout.Positions);
        if (layout.Layout == ActivationLayout.ChannelsFirst) return one;
        var maps = new float[one.Length];
        for (var p = 0; p < layout.Positions; p++)
            for (var c = 0; c < layout.Channels; c++) maps[c * layout.Positions + p] = one[p * layout.Channels + c];
        return maps;
    }

    // [images, outer, channels, inner] to [images, channels, outer, inner].
    ReadOnlySpan<float> Turn(ReadOnlySpan<float> values, int images, int outer, int channels, int inner)
    {
        if (_turned.Length < values.Length) _turned = new float[values.Length];
        for (var n = 0; n < images; n++)
            for (var o = 0; o < outer; o++)
                for (var c = 0; c < channels; c++)
                    values.Slice(((n * outer + o) * channels + c) * inner, inner).CopyTo(_turned.AsSpan(((n * channels + c) * outer + o) * inner));
        return _turned.AsSpan(0, values.Length);
    }

    static long Product(long[] shape, int from, int to)
    {
        var product = 1L;
        for (var a = from; a < to; a++) product *= shape[a];
        return product;
    }
}
