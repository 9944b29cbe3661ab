using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace OnnxEdit.Kernels.Moments;

/// <summary>
/// The inner loops of <see cref="SimdBackend"/>. Floats are widened to double before they are added: the
/// square of a float is exact in double, and the loops stay bound by memory, not by arithmetic.
/// </summary>
static unsafe class RowPooling
{
    // Floats read ahead: about the latency of memory at full speed. Asking past the end of a buffer is harmless.
    const int Ahead = 512;

    /// <summary>Sum, sum of squares and maximum of one contiguous row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Contiguous(float* row, int length, out double sum, out double squares, out double max)
    {
        int width = Vector<float>.Count, i = 0;
        double total = 0, totalSquares = 0;
        var largest = float.NegativeInfinity;
        if (length >= width)
        {
            // Two sets of accumulators hide the latency of the additions.
            Vector<double> s0 = default, s1 = default, s2 = default, s3 = default;
            Vector<double> q0 = default, q1 = default, q2 = default, q3 = default;
            Vector<float> m0 = new(float.NegativeInfinity), m1 = m0;
            for (; i <= length - 2 * width; i += 2 * width)
            {
                Prefetch(row + i + Ahead);
                Vector<float> a = Vector.Load(row + i), b = Vector.Load(row + i + width);
                Vector.Widen(a, out var a0, out var a1);
                Vector.Widen(b, out var b0, out var b1);
                s0 += a0;
                s1 += a1;
                s2 += b0;
                s3 += b1;
                q0 = Vector.FusedMultiplyAdd(a0, a0, q0);
                q1 = Vector.FusedMultiplyAdd(a1, a1, q1);
                q2 = Vector.FusedMultiplyAdd(b0, b0, q2);
                q3 = Vector.FusedMultiplyAdd(b1, b1, q3);
                m0 = Vector.MaxNative(m0, a);
                m1 = Vector.MaxNative(m1, b);
            }
            if (i <= length - width)
            {
                var a = Vector.Load(row + i);
                Vector.Widen(a, out var a0, out var a1);
                s0 += a0;
                s1 += a1;
                q0 = Vector.FusedMultiplyAdd(a0, a0, q0);
                q1 = Vector.FusedMultiplyAdd(a1, a1, q1);
                m0 = Vector.MaxNative(m0, a);
                i += width;
            }
            total = Vector.Sum(s0 + s1 + (s2 + s3));
            totalSquares = Vector.Sum(q0 + q1 + (q2 + q3));
            largest = Largest(Vector.MaxNative(m0, m1));
        }
        for (; i < length; i++)
        {
            double value = row[i];
            total += value;
            totalSquares += value * value;
            largest = float.MaxNative(largest, row[i]);
        }
        (sum, squares, max) = (total, totalSquares, largest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Prefetch(float* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(address);
    }

    /// <summary>The largest lane, by halving where the width is known to the compiler.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float Largest(Vector<float> lanes)
    {
        if (Vector<float>.Count == 8)
        {
            var wide = lanes.AsVector256();
            return Largest(Vector128.MaxNative(wide.GetLower(), wide.GetUpper()));
        }
        if (Vector<float>.Count == 4)
            return Largest(lanes.AsVector128());
        var largest = lanes[0];
        for (var lane = 1; lane < Vector<float>.Count; lane++)
            largest = float.MaxNative(largest, lanes[lane]);
        return largest;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float Largest(Vector128<float> lanes)
    {
        var pairs = Vector128.MaxNative(lanes, Vector128.Shuffle(lanes, Vector128.Create(2, 3, 0, 1)));
        return Vector128.MaxNative(pairs, Vector128.Shuffle(pairs, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }

    /// <summary>
    /// Sums of all channels of one image with contiguous channels. Four positions are read side by side so that
    /// the accumulators, which live in the first-level cache, are loaded and stored once per four inputs.
    /// </summary>
    internal static void Interleaved(
        float* image, int positions, int channels, Span<double> sums, Span<double> squares, Span<float> maxima)
    {
        sums.Clear();
        squares.Clear();
        maxima.Fill(float.NegativeInfinity);
        fixed (double* s = sums, q = squares)
        fixed (float* m = maxima)
        {
            var position = 0;
            for (; position <= positions - 4; position += 4)
            {
                var row = image + (long)position * channels;
                FourRows(row, row + channels, row + 2L * channels, row + 3L * channels, channels, s, q, m);
            }
            for (; position < positions; position++)
            {
                var row = image + (long)position * channels;
                for (var c = 0; c < channels; c++)
                    AddOne(row[c], c, s, q, m);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void FourRows(float* r0, float* r1, float* r2, float* r3, int channels, double* s, double* q, float* m)
    {
        int width = Vector<float>.Count, half = Vector<double>.Count, c = 0;
        // The next rows lie behind these four; short rows need several steps to cover the latency.
        var next = (Ahead + 4L * channels - 1) / (4L * channels) * 4 * channels;
        for (; c <= channels - width; c += width)
        {
            Prefetch(r0 + c + next);
            Prefetch(r1 + c + next);
            Prefetch(r2 + c + next);
            Prefetch(r3 + c + next);
            Vector<float> a = Vector.Load(r0 + c), b = Vector.Load(r1 + c), d = Vector.Load(r2 + c), e = Vector.Load(r3 + c);
            Vector.Widen(a, out var a0, out var a1);
            Vector.Widen(b, out var b0, out var b1);
            Vector.Widen(d, out var d0, out var d1);
            Vector.Widen(e, out var e0, out var e1);
            Vector.Store(Vector.Load(s + c) + (a0 + b0 + (d0 + e0)), s + c);
            Vector.Store(Vector.Load(s + c + half) + (a1 + b1 + (d1 + e1)), s + c + half);
            Vector.Store(Vector.Load(q + c) + SumOfSquares(a0, b0, d0, e0), q + c);
            Vector.Store(Vector.Load(q + c + half) + SumOfSquares(a1, b1, d1, e1), q + c + half);
            var largest = Vector.MaxNative(Vector.MaxNative(a, b), Vector.MaxNative(d, e));
            Vector.Store(Vector.MaxNative(Vector.Load(m + c), largest), m + c);
        }
        for (; c < channels; c++)
        {
            AddOne(r0[c], c, s, q, m);
            AddOne(r1[c], c, s, q, m);
            AddOne(r2[c], c, s, q, m);
            AddOne(r3[c], c, s, q, m);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector<double> SumOfSquares(Vector<double> a, Vector<double> b, Vector<double> c, Vector<double> d) =>
        Vector.FusedMultiplyAdd(a, a, b * b) + Vector.FusedMultiplyAdd(c, c, d * d);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddOne(float value, int channel, double* s, double* q, float* m)
    {
        s[channel] += value;
        q[channel] += (double)value * value;
        m[channel] = float.MaxNative(m[channel], value);
    }
}
