using OnnxEdit.Engine.Runtime;

namespace OnnxEdit.Engine.Refit;

/// <summary>A reused float buffer that a writer fills with the values of a batch.</summary>
sealed class BatchBuffer(int batch, long[] shape, GramCollector.TargetWriter writer)
{
    readonly int _length = (int)shape.Aggregate(1L, (a, b) => a * b);
    readonly float[] _values = new float[batch * (int)shape.Aggregate(1L, (a, b) => a * b)];

    /// <summary>Fills the buffer for <paramref name="count"/> images from <paramref name="first"/> on.</summary>
    public BatchInput Fill(int first, int count)
    {
        writer(first, count, _values.AsSpan(0, count * _length));
        return new BatchInput(_values, ItemLayout.Stack(shape, count));
    }
}
