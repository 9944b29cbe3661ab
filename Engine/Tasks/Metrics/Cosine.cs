using System.Numerics.Tensors;

namespace OnnxEdit.Engine.Tasks.Metrics;

/// <summary>The cosine of the angle between two vectors.</summary>
static class Cosine
{
    /// <summary>The cosine, exactly 1 for equal vectors, so that these tie; 0 where one of them is 0.</summary>
    public static double Of(ReadOnlySpan<float> first, ReadOnlySpan<float> second)
    {
        double product = 0, own = 0, others = 0;
        for (var i = 0; i < first.Length; i++)
        {
            product += (double)first[i] * second[i];
            own += (double)first[i] * first[i];
            others += (double)second[i] * second[i];
        }
        return own == 0 || others == 0 ? 0 : product / Math.Sqrt(own * others);
    }

    /// <summary>Vectors of the same directions and length 1; 0 stays 0.</summary>
    public static float[][] Unit(IEnumerable<float[]> vectors) => [.. vectors.Select(vector =>
    {
        var length = TensorPrimitives.Norm(vector);
        return length > 0 ? Array.ConvertAll(vector, value => value / length) : vector;
    })];
}
