using OnnxEdit.Engine.Refit;

namespace OnnxEdit.Engine.Statistics;

/// <summary>
/// Gram sums of the groups of one linear unit as they are kept and stored: products in float32, the upper triangle
/// only; first moments and powers in float64, because variances are differences of them.
/// </summary>
/// <param name="Node">Identity of the unit's node.</param>
/// <param name="Groups">Groups of the unit.</param>
/// <param name="Rows">Rows k of a patch, without the trailing 1.</param>
/// <param name="Outputs">Targets m of a group.</param>
/// <param name="Triangle">Sum of x x', [groups, k (k + 1) / 2], row by row from the diagonal on.</param>
/// <param name="Sums">Sum of (x, 1), [groups, k + 1]; the last is the number of columns.</param>
/// <param name="Cross">Sum of t x', [groups, m, k].</param>
/// <param name="Targets">Sum of t, [groups, m].</param>
/// <param name="Power">Sum of t^2, [groups, m].</param>
sealed record PackedGrams(
    string Node, int Groups, int Rows, int Outputs, float[] Triangle, double[] Sums, float[] Cross, double[] Targets, double[] Power)
{
    int Packed => Rows * (Rows + 1) / 2;

    /// <summary>Packs the sums of the groups of a unit.</summary>
    public static PackedGrams Of(string node, GramSums[] sums)
    {
        var (k, m, groups) = (sums[0].Rows, sums[0].Outputs, sums.Length);
        var packed = new PackedGrams(
            node, groups, k, m, new float[groups * (k * (k + 1) / 2)], new double[groups * (k + 1)], new float[groups * m * k],
            new double[groups * m], new double[groups * m]);
        for (var g = 0; g < groups; g++) packed.Take(g, sums[g]);
        return packed;
    }

    /// <summary>The sums as the rest of the engine uses them.</summary>
    public GramSums[] Unpack() => [.. Enumerable.Range(0, Groups).Select(Unpack)];

    void Take(int g, GramSums sums)
    {
        var (k, at) = (Rows, g * Packed);
        for (var i = 0; i < k; i++)
        {
            for (var j = i; j < k; j++) Triangle[at++] = (float)sums.Gram[i * (k + 1) + j];
            Sums[g * (k + 1) + i] = sums.Gram[i * (k + 1) + k];
        }
        Sums[g * (k + 1) + k] = sums.Count;
        for (var t = 0; t < Outputs; t++)
        {
            for (var i = 0; i < k; i++) Cross[(g * Outputs + t) * k + i] = (float)sums.Cross[t * (k + 1) + i];
            Targets[g * Outputs + t] = sums.Cross[t * (k + 1) + k];
            Power[g * Outputs + t] = sums.Power[t];
        }
    }

    GramSums Unpack(int g)
    {
        var sums = new GramSums(Rows, Outputs);
        var (k, at) = (Rows, g * Packed);
        for (var i = 0; i < k; i++)
        {
            for (var j = i; j < k; j++) sums.Gram[i * (k + 1) + j] = sums.Gram[j * (k + 1) + i] = Triangle[at++];
            sums.Gram[i * (k + 1) + k] = sums.Gram[k * (k + 1) + i] = Sums[g * (k + 1) + i];
        }
        sums.Gram[^1] = Sums[g * (k + 1) + k];
        for (var t = 0; t < Outputs; t++)
        {
            for (var i = 0; i < k; i++) sums.Cross[t * (k + 1) + i] = Cross[(g * Outputs + t) * k + i];
            sums.Cross[t * (k + 1) + k] = Targets[g * Outputs + t];
            sums.Power[t] = Power[g * Outputs + t];
        }
        return sums;
    }
}
