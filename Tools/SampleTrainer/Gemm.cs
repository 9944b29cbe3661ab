using System.Numerics;

namespace OnnxEdit.SampleTrainer;

/// <summary>Products of row-major matrices, a few rows and vectors at a time in registers.</summary>
static unsafe class Gemm
{
    /// <summary>C[m,n] = A[m,k] B[k,n].</summary>
    public static void Multiply(float* a, float* b, float* c, int m, int k, int n, int strideC)
    {
        var width = Vector<float>.Count;
        var i = 0;
        for (; i + 4 <= m; i += 4)
        {
            var j = 0;
            for (; j + (2 * width) <= n; j += 2 * width)
                Tile(a + (i * k), b + j, c + (i * strideC) + j, k, n, strideC);
            for (; j < n; j++)
            {
                for (var row = i; row < i + 4; row++)
                    c[(row * strideC) + j] = Dot(a + (row * k), b + j, k, n);
            }
        }

        for (; i < m; i++)
        {
            for (var j = 0; j < n; j++)
                c[(i * strideC) + j] = Dot(a + (i * k), b + j, k, n);
        }
    }

    /// <summary>C[m,n] += A[m,k] B[n,k]': rows against rows; k is a multiple of the vector width.</summary>
    public static void AddRowProducts(float* a, float* b, float* c, int m, int k, int n, int strideA)
    {
        var width = Vector<float>.Count;
        for (var i = 0; i < m; i += 4)
        {
            var rows = Math.Min(4, m - i);
            float* a0 = a + (i * strideA), a1 = a0 + (rows > 1 ? strideA : 0), a2 = a0 + (rows > 2 ? 2 * strideA : 0), a3 = a0 + (rows > 3 ? 3 * strideA : 0);
            for (var j = 0; j < n; j += 3)
            {
                var columns = Math.Min(3, n - j);
                float* b0 = b + (j * k), b1 = b0 + (columns > 1 ? k : 0), b2 = b0 + (columns > 2 ? 2 * k : 0);
                Vector<float> s00 = default, s01 = default, s02 = default, s10 = default, s11 = default, s12 = default;
                Vector<float> s20 = default, s21 = default, s22 = default, s30 = default, s31 = default, s32 = default;
                for (var p = 0; p < k; p += width)
                {
                    var (v0, v1, v2) = (Vector.Load(b0 + p), Vector.Load(b1 + p), Vector.Load(b2 + p));
                    var u = Vector.Load(a0 + p);
                    (s00, s01, s02) = (Add(u, v0, s00), Add(u, v1, s01), Add(u, v2, s02));
                    u = Vector.Load(a1 + p);
                    (s10, s11, s12) = (Add(u, v0, s10), Add(u, v1, s11), Add(u, v2, s12));
                    u = Vector.Load(a2 + p);
                    (s20, s21, s22) = (Add(u, v0, s20), Add(u, v1, s21), Add(u, v2, s22));
                    u = Vector.Load(a3 + p);
                    (s30, s31, s32) = (Add(u, v0, s30), Add(u, v1, s31), Add(u, v2, s32));
                }

                var to = c + (i * n) + j;
                Store(to, s00, s01, s02, columns);
                if (rows > 1)
                    Store(to + n, s10, s11, s12, columns);
                if (rows > 2)
                    Store(to + (2 * n), s20, s21, s22, columns);
                if (rows > 3)
                    Store(to + (3 * n), s30, s31, s32, columns);
            }
        }
    }

    static void Store(float* to, Vector<float> s0, Vector<float> s1, Vector<float> s2, int columns)
    {
        to[0] += Vector.Sum(s0);
        if (columns > 1)
            to[1] += Vector.Sum(s1);
        if (columns > 2)
            to[2] += Vector.Sum(s2);
    }

    static void Tile(float* a, float* b, float* c, int k, int n, int strideC)
    {
        var width = Vector<float>.Count;
        Vector<float> s00 = default, s01 = default, s10 = default, s11 = default, s20 = default, s21 = default, s30 = default, s31 = default;
        float* a1 = a + k, a2 = a1 + k, a3 = a2 + k;
        for (var p = 0; p < k; p++, b += n)
        {
            var (v0, v1) = (Vector.Load(b), Vector.Load(b + width));
            var u = new Vector<float>(a[p]);
            (s00, s01) = (Add(u, v0, s00), Add(u, v1, s01));
            u = new Vector<float>(a1[p]);
            (s10, s11) = (Add(u, v0, s10), Add(u, v1, s11));
            u = new Vector<float>(a2[p]);
            (s20, s21) = (Add(u, v0, s20), Add(u, v1, s21));
            u = new Vector<float>(a3[p]);
            (s30, s31) = (Add(u, v0, s30), Add(u, v1, s31));
        }

        s00.Store(c);
        s01.Store(c + width);
        c += strideC;
        s10.Store(c);
        s11.Store(c + width);
        c += strideC;
        s20.Store(c);
        s21.Store(c + width);
        c += strideC;
        s30.Store(c);
        s31.Store(c + width);
    }

    static float Dot(float* a, float* b, int k, int strideB)
    {
        var sum = 0f;
        for (var p = 0; p < k; p++)
            sum += a[p] * b[p * strideB];
        return sum;
    }

    static Vector<float> Add(Vector<float> u, Vector<float> v, Vector<float> sum) => Vector.FusedMultiplyAdd(u, v, sum);
}
