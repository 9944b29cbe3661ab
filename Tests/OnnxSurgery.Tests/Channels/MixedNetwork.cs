using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>
/// A random graph of up to hundreds of nodes, the same for the same seed. Unlike <see cref="RandomNetwork"/> it is no
/// chain: every operator reads any tensors made so far, so that branches rejoin far from where they parted, tensors are
/// read many times, and channels meet in ways no architecture has.
/// </summary>
sealed class MixedNetwork
{
    const int LargestMap = 4096;

    readonly Random _random;
    readonly GraphBuilder _b;
    readonly List<string> _maps = [];
    readonly (Func<string, bool> Fits, Func<string, string> Apply)[] _operators;

    MixedNetwork(int seed)
    {
        _random = new Random(seed);
        _b = new GraphBuilder(seed, Pick(13, 15, 17)) { Batch = _random.Next(5) == 0 ? 1 : null };
        _operators =
        [
            (_ => true, x => _b.Conv(x, Pick(3, 4, 6, 8), Pick(1, 3), pads: 1, bias: Coin())),
            (x => Side(x) >= 4, x => _b.Conv(x, Pick(3, 5, 8), 3, 2, 1)),
            (x => Side(x) >= 5, x => _b.Conv(x, Pick(4, 6), 3, pads: 2, dilation: 2)),
            (x => C(x) % 2 == 0, x => _b.Conv(x, Pick(4, 6, 8), Pick(1, 3), pads: 1, group: 2)),
            (_ => true, x => _b.Conv(x, C(x) * Pick(1, 1, 2), 3, pads: 1, group: C(x), bias: Coin())),
            (_ => true, x => _b.BatchNorm(x)),
            (_ => true, x => _b.Unary(Pick("Relu", "Sigmoid", "Tanh", "Softplus", "Erf", _b.Opset >= 14 ? "HardSwish" : "Softsign", "Abs", "Identity", "LeakyRelu", "Elu"), x)),
            (_ => true, x => _b.PRelu(x)),
            (_ => true, x => _b.Binary(Pick("Add", "Sub", "Mul", "Max", "Min"), x, Like(x))),
            (_ => true, x => _b.Binary(Pick("Add", "Mul"), x, _b.Weight($"w{_random.Next()}", Pick<long[]>([1], [C(x), 1, 1], [1, C(x), 1, 1], [1, 1, 1, 1], [H(x), W(x)])))),
            (_ => true, x => _b.Binary(Pick("Add", "Mul"), x, _b.GlobalAveragePool(Like(x)))),
            (_ => true, Gate),
            (_ => true, x => _b.Concat(1, x, SameSize(x))),
            (x => H(x) > 2, x => _b.Concat(2, x, Like(x))),
            (x => C(x) % 2 == 0, x => Pick(_b.Split(x, 1, 2))),
            (x => C(x) % 2 == 0, x => Join(_b.Split(x, 1, 2))),
            (x => C(x) > 2, x => _b.Slice(x, 1, _random.Next(2), C(x) - _random.Next(2))),
            (x => Side(x) > 2, x => _b.Slice(x, Pick(2, 3), 0, Side(x) - 1)),
            (x => Side(x) > 3, x => _b.Slice(_b.Slice(x, 2, 0, H(x), 2), 3, 0, W(x), 2)),
            (_ => true, x => _b.Pad(x, Pick(1, 1, 2, 3), _random.Next(2), _random.Next(3))),
            (x => Side(x) >= 4, x => Coin() ? _b.MaxPool(x) : _b.AveragePool(x)),
            (_ => true, x => _b.AveragePool(x, 3, 1, 1)),
            (x => C(x) % 2 == 0, x => _b.ChannelShuffle(x, 2)),
            (_ => true, x => _b.Gather(x, 1, [.. Enumerable.Range(0, C(x)).OrderBy(_ => _random.Next()).Select(i => (long)i)])),
            (x => C(x) % 4 == 0, x => _b.DepthToSpace(x, 2, Coin() ? "DCR" : "CRD")),
            (x => H(x) == W(x), x => _b.Transpose(x, 0, 1, 3, 2)),
            (_ => true, x => _b.Transpose(_b.MatMul(_b.Transpose(x, 0, 2, 3, 1), Pick(4, 6)), 0, 3, 1, 2)),
            (_ => true, x => _b.Reshape(_b.Reshape(x, 0, 0, -1), 0, 0, H(x), W(x))),
            (_ => true, x => _b.Softmax(x, Pick(1, 2, 3, -1))),
            (_ => true, x => _b.Mul(x, _b.ReduceMean(x, Pick<long[]>([2, 3], [1], [3])))),
            (x => Side(x) <= 8, Upsample),
        ];
    }

    /// <summary>Draws a graph of about <paramref name="size"/> nodes.</summary>
    public static ModelProto Draw(int seed, int size)
    {
        var network = new MixedNetwork(seed);
        network._maps.Add(network._b.Conv(network._b.Input("x", 3, 8, 8), 6, 3, pads: 1));
        if (network.Coin()) network._maps.Add(network._b.Conv(network._b.Input("second", 2, 8, 8), 6, 3, pads: 1));
        while (network._b.Build().Graph.Node.Count < size) network.Step();
        return network._b.Build(network.Heads());
    }

    void Step()
    {
        // Mostly recent tensors, so that graphs grow deep as well as wide.
        var x = _maps[Math.Max(0, _maps.Count - 1 - _random.Next(_random.Next(3) == 0 ? _maps.Count : Math.Min(4, _maps.Count)))];
        var fitting = _operators.Where(o => o.Fits(x)).ToArray();
        var y = fitting[_random.Next(fitting.Length)].Apply(x);
        // Values stay in a range where a comparison means something.
        if (_random.Next(4) == 0) y = _b.Unary("Tanh", y);
        if (_b.Shape(y) is [_, <= 24, > 0 and <= 16, > 0 and <= 16] s && s[1] * s[2] * s[3] <= LargestMap) _maps.Add(y);
        else _maps.Add(_b.Conv(_b.GlobalAveragePool(y), Pick(4, 6), 1));
    }

    string[] Heads()
    {
        string[] features = [.. Enumerable.Range(0, 3).Select(i => _maps[^Math.Min(_maps.Count, 1 + 2 * i)]).Distinct()
            .Select(m => Coin() ? _b.Flatten(_b.GlobalAveragePool(m)) : _b.Flatten(m))];
        var logits = _b.Gemm(features.Length == 1 ? features[0] : _b.Concat(1, features), 5, Coin(), Coin());
        return _random.Next(4) == 0 ? [logits, Pick([.. _maps])] : [logits];
    }

    string Gate(string x)
    {
        var squeezed = _b.Relu(_b.Conv(_b.GlobalAveragePool(x), 3, 1));
        return _b.Mul(x, _b.Unary(Pick("Sigmoid", "HardSigmoid"), _b.Conv(squeezed, C(x), 1)));
    }

    string Upsample(string x)
    {
        var shape = _b.Shape(x);
        var name = $"scales{_random.Next()}";
        // Sides, but not channels, become twice as large.
        return _b.Op("Resize", [x, "", _b.Floats(name, [4], 1, 1, 2, 2)], [shape[0], shape[1], 2 * shape[2], 2 * shape[3]], null, node =>
        {
            node.Set("mode", "nearest");
            node.Set("coordinate_transformation_mode", "asymmetric");
            node.Set("nearest_mode", "floor");
        });
    }

    string Join(string[] parts) => Coin() ? _b.Add(parts[1], parts[0]) : _b.Concat(1, parts[1], _b.Relu(parts[0]));

    // A tensor of the same shape: one made earlier where there is one, else a new convolution.
    string Like(string x)
    {
        var same = _maps.Where(m => _b.Shape(m).AsSpan().SequenceEqual(_b.Shape(x))).ToArray();
        return same.Length > 1 && _random.Next(4) > 0 ? Pick(same) : _b.Conv(x, C(x), 3, pads: 1);
    }

    string SameSize(string x)
    {
        var same = _maps.Where(m => H(m) == H(x) && W(m) == W(x)).ToArray();
        return same.Length > 0 ? Pick(same) : x;
    }

    int C(string x) => (int)_b.Shape(x)[1];

    long H(string x) => _b.Shape(x)[2];

    long W(string x) => _b.Shape(x)[3];

    long Side(string x) => Math.Min(H(x), W(x));

    bool Coin() => _random.Next(2) == 0;

    T Pick<T>(params T[] values) => values[_random.Next(values.Length)];
}
