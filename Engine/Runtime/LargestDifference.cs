using System.Numerics;

namespace OnnxEdit.Engine.Runtime;

/// <summary>
/// How far two lists of numbers are apart, place by place. What is not a number against a number is infinitely far; where
/// neither side is finite and both are the same, the place says nothing and is left out.
/// </summary>
/// <param name="Value">Largest |a - b|; infinity where only one side is a finite number, or the lengths differ.</param>
/// <param name="Scale">max(1, largest finite |a|), what the difference is measured by.</param>
/// <param name="Compared">Places that were compared.</param>
/// <param name="LeftOut">Places left out: NaN on both sides, or the same infinity.</param>
readonly record struct LargestDifference(double Value, double Scale, long Compared, long LeftOut)
{
    /// <summary>The difference as a fraction of the scale.</summary>
    public double Relative => Value / Scale;

    /// <summary>Whether it is at most a fraction of the scale.</summary>
    public bool IsWithin(double tolerance) => Value <= tolerance * Scale;

    /// <summary>Compares two lists.</summary>
    /// <param name="expected">The values a.</param>
    /// <param name="actual">The values b.</param>
    public static LargestDifference Of<T>(ReadOnlySpan<T> expected, ReadOnlySpan<T> actual)
        where T : IFloatingPointIeee754<T>
    {
        var (worst, scale, leftOut) = (0.0, 1.0, 0L);
        if (expected.Length != actual.Length) return new LargestDifference(double.PositiveInfinity, scale, Math.Max(expected.Length, actual.Length), 0);
        for (var i = 0; i < expected.Length; i++)
        {
            var (a, b) = (double.CreateChecked(expected[i]), double.CreateChecked(actual[i]));
            if (double.IsFinite(a))
            {
                scale = Math.Max(scale, Math.Abs(a));
                worst = double.IsFinite(b) ? Math.Max(worst, Math.Abs(a - b)) : double.PositiveInfinity;
            }
            else if (a.Equals(b)) leftOut++;
            else worst = double.PositiveInfinity;
            if (double.IsPositiveInfinity(worst)) break;
        }
        return new LargestDifference(worst, scale, expected.Length - leftOut, leftOut);
    }
}
