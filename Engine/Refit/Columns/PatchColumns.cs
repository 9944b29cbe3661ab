namespace OnnxEdit.Engine.Refit.Columns;

/// <summary>
/// Patch columns x and targets t of one group of a linear operator, kept one by one: where they are fewer than the rows, they take
/// less room than their products (<see cref="GramSums"/>) and say the same.
/// </summary>
sealed class PatchColumns
{
    /// <summary>Columns kept at most; of more items the first ones count.</summary>
    public const int Most = 2048;

    /// <summary>Units with more rows than this are never summed up in products, which would take over a gigabyte.</summary>
    const int MostRows = 12_000;

    /// <summary>Below so many rows products are cheap, however few columns there are.</summary>
    const int LeastRows = 1024;

    readonly float[] _patches;
    readonly float[] _targets;
    readonly bool[] _half;

    /// <summary>Makes room.</summary>
    /// <param name="rows">Rows k of a patch.</param>
    /// <param name="outputs">Number m of targets.</param>
    /// <param name="most">Columns that come at most.</param>
    public PatchColumns(int rows, int outputs, int most)
    {
        (Rows, Outputs) = (rows, outputs);
        (_patches, _targets, _half) = (new float[(long)most * rows], new float[(long)most * outputs], new bool[most]);
    }

    /// <summary>True where the columns of a unit are kept instead of its products.</summary>
    /// <param name="patches">Geometry of the unit.</param>
    /// <param name="columns">Columns that the items make.</param>
    public static bool Applies(PatchGraph patches, double columns) =>
        patches.Rows > MostRows || (!patches.IsConv && patches.Rows >= LeastRows && 2 * columns <= patches.Rows);

    /// <summary>Rows k of a patch.</summary>
    public int Rows { get; }

    /// <summary>Number m of targets.</summary>
    public int Outputs { get; }

    /// <summary>Number n of columns.</summary>
    public int Count { get; private set; }

    /// <summary>Patches, [n, k], less <see cref="Mean"/> once that is known.</summary>
    public float[] Patches => _patches;

    /// <summary>Targets, [n, m].</summary>
    public float[] Targets => _targets;

    /// <summary>Whether a column belongs to the half that judges fits to the other (<see cref="GramSums.Half"/>).</summary>
    public bool IsInHalf(int column) => _half[column];

    /// <summary>Mean patch, k; zeros until <see cref="Centre"/>.</summary>
    public double[] Mean { get; private set; } = [];

    /// <summary>Adds the columns of a batch, without those of padding.</summary>
    /// <param name="patches">Columns x with a trailing 1, 0 for padding: [columns, k + 1].</param>
    /// <param name="targets">Columns t: [columns, m].</param>
    /// <param name="half">Whether they belong to the half.</param>
    public void Add(ReadOnlySpan<float> patches, ReadOnlySpan<float> targets, bool half)
    {
        for (var c = 0; c < patches.Length / (Rows + 1); c++)
        {
            var patch = patches.Slice(c * (Rows + 1), Rows + 1);
            if (patch[^1] == 0) continue;
            patch[..^1].CopyTo(_patches.AsSpan(Count * Rows));
            targets.Slice(c * Outputs, Outputs).CopyTo(_targets.AsSpan(Count * Outputs));
            _half[Count++] = half;
        }
    }

    /// <summary>Takes the mean patch off all of them, or none where there is no constant term to take it up.</summary>
    /// <param name="hasBias">Whether there is one.</param>
    public void Centre(bool hasBias)
    {
        Mean = new double[Rows];
        if (!hasBias || Count == 0) return;
        for (var c = 0; c < Count; c++)
            for (var i = 0; i < Rows; i++) Mean[i] += _patches[c * Rows + i];
        for (var i = 0; i < Rows; i++) Mean[i] /= Count;
        ThreadedLoop.For(0, Count, c =>
        {
            for (var i = 0; i < Rows; i++) _patches[c * Rows + i] = (float)(_patches[c * Rows + i] - Mean[i]);
        });
    }

    /// <summary>Mean square of what was read over rows and columns, E x^2.</summary>
    public double Power
    {
        get
        {
            var sum = Mean.Sum(m => m * m);
            for (var c = 0; c < Count; c++)
            {
                var squares = 0.0;
                foreach (var v in _patches.AsSpan(c * Rows, Rows)) squares += (double)v * v;
                sum += squares / Count;
            }
            return sum / Rows;
        }
    }

    /// <summary>Variance of the targets, summed over them; 0 where they are constant up to rounding.</summary>
    public double TargetVariance
    {
        get
        {
            var (sums, squares) = (new double[Outputs], 0.0);
            for (var c = 0; c < Count; c++)
                for (var o = 0; o < Outputs; o++)
                {
                    double t = _targets[c * Outputs + o];
                    sums[o] += t;
                    squares += t * t;
                }
            var variance = (squares - sums.Sum(s => s * s) / Count) / Count;
            return variance > 1e-6 * squares / Count ? variance : 0;
        }
    }

    /// <summary>True where every value is a number.</summary>
    public bool IsFinite => !_patches.AsSpan(0, Count * Rows).ContainsAnyExceptInRange(float.MinValue, float.MaxValue)
        && !_targets.AsSpan(0, Count * Outputs).ContainsAnyExceptInRange(float.MinValue, float.MaxValue);
}
