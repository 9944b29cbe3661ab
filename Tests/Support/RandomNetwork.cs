using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Tests.Support;

/// <summary>
/// A random convolutional classifier, the same for the same seed: chains of the patterns that real networks are made
/// of, on one running tensor whose shape each pattern may change.
/// </summary>
public sealed class RandomNetwork
{
    readonly Random _random;
    readonly GraphBuilder _b;
    readonly (Func<string, bool> Fits, Func<string, string> Apply)[] _patterns;

    RandomNetwork(int seed)
    {
        _random = new Random(seed);
        _b = new GraphBuilder(seed, Pick(13, 17)) { Batch = _random.Next(4) == 0 ? 1 : null };
        _patterns =
        [
            (_ => true, x => Layer(x, Channels(), Pick(1, 3))),
            (x => Size(x) >= 4, x => Layer(x, Channels(), 3, 2)),
            (_ => true, x => _b.Add(x, Layer(Layer(x, Channels(), 3), (int)Channels(x), 3))),
            (x => Size(x) >= 4, OptionA),
            (x => Channels(x) % 2 == 0, x => Activation(_b.Conv(x, 2 * Pick(2, 3, 4), pads: 1, group: 2))),
            (_ => true, x => Activation(_b.BatchNorm(_b.Conv(x, (int)Channels(x) * Pick(1, 1, 2), pads: 1, group: (int)Channels(x), bias: Coin())))),
            (_ => true, x => _b.Concat(1, Layer(x, Channels(), 1), Layer(x, Channels(), 3), Coin() ? x : Layer(x, 2, 1))),
            (_ => true, x => _b.Concat(1, x, Layer(x, Channels(), 3))),
            (x => Channels(x) % 2 == 0, SplitBranches),
            (x => Channels(x) % 2 == 0, x => Layer(_b.ChannelShuffle(x, 2), Channels(), 1)),
            (x => Channels(x) > 3, x => Layer(_b.Slice(x, 1, 1, Channels(x) - _random.Next(2)), Channels(), 1)),
            (_ => true, x => Layer(_b.Pad(x, 1, _random.Next(3), 1), Channels(), 3)),
            (x => Size(x) >= 4, x => _b.Pad(_b.Slice(x, 2, 1, Height(x)), 2, _random.Next(2), 1)),
            (x => Size(x) >= 4, x => Coin() ? _b.MaxPool(x) : _b.AveragePool(x)),
            (_ => true, x => _b.AveragePool(x, 3, 1, 1)),
            (_ => true, Excite),
            (_ => true, x => _b.Mul(x, _b.Weight($"scale{_random.Next()}", [Channels(x), 1, 1]))),
            (_ => true, x => _b.Gather(x, 1, [.. Enumerable.Range(0, (int)Channels(x)).OrderBy(_ => _random.Next()).Select(i => (long)i)])),
            (x => Channels(x) % 4 == 0, x => Layer(_b.DepthToSpace(x, 2, Coin() ? "DCR" : "CRD"), Channels(), 3, 2)),
            (_ => true, x => Activation(_b.InstanceNorm(_b.ConvTranspose(x, Channels(), 1, 1, bias: Coin())))),
            (x => Channels(x) % 2 == 0, x => Activation(_b.ConvTranspose(x, 2 * Pick(2, 3), 3, 1, 1, group: 2))),
            (x => Channels(x) == 8, x => Activation(_b.Conv(x, 8, pads: 1, group: 4, dilation: 1))),
            (x => Channels(x) > 4, x => Layer(_b.Slice(x, 1, 1, Channels(x), 2), Channels(), 1)),
            (x => Size(x) is >= 2 and < 8, x => _b.Op("Resize", [x, "", _b.Floats($"scales{_random.Next()}", [4], 1, 1, 2, 2)], [_b.Shape(x)[0], Channels(x), 2 * Height(x), 2 * _b.Shape(x)[3]])),
            (_ => true, x => _b.Transpose(_b.Relu(_b.MatMul(_b.Transpose(x, 0, 2, 3, 1), Channels())), 0, 3, 1, 2)),
        ];
    }

    /// <summary>Draws a network.</summary>
    public static ModelProto Draw(int seed)
    {
        var network = new RandomNetwork(seed);
        var b = network._b;
        var x = network.Layer(b.Input("x", 3, 8, 8), network.Channels(), 3);
        for (var i = network._random.Next(3, 7); i > 0; i--)
        {
            var fitting = network._patterns.Where(p => p.Fits(x)).ToArray();
            x = fitting[network._random.Next(fitting.Length)].Apply(x);
        }
        return b.Build(network.Head(x));
    }

    string Head(string x)
    {
        var features = _random.Next(5) switch
        {
            0 => _b.Flatten(_b.GlobalAveragePool(x)),
            1 => _b.Flatten(x),
            2 => _b.ReduceMean(x, [2, 3], keepdims: false),
            3 => _b.Reshape(x, 0, -1),
            _ => _b.Reshape(x, -1, Channels(x) * Height(x) * _b.Shape(x)[3]),
        };
        if (Coin()) features = _b.Relu(_b.Gemm(features, 7, Coin()));
        var logits = Coin() ? _b.Gemm(features, 5, Coin(), Coin()) : _b.Add(_b.MatMul(features, 5), _b.Weight("head.bias", [5]));
        return _random.Next(4) == 0 ? _b.Softmax(logits) : logits;
    }

    string Layer(string x, int channels, int kernel, int stride = 1)
    {
        var y = _b.Conv(x, channels, kernel, stride, kernel / 2, bias: Coin());
        return Activation(Coin() ? _b.BatchNorm(y) : y);
    }

    string Activation(string x) => _random.Next(5) switch
    {
        0 => x,
        1 => _b.PRelu(x),
        2 => _b.Unary("Tanh", x),
        _ => _b.Relu(x),
    };

    // A residual block that halves the image; the shortcut drops pixels and pads zero channels.
    string OptionA(string x)
    {
        var more = Pick(0, 2, 4);
        var main = Layer(Layer(x, Channels(), 3, 2), (int)Channels(x) + more, 3);
        var shortcut = _b.Slice(_b.Slice(x, 2, 0, Height(x), 2), 3, 0, _b.Shape(x)[3], 2);
        return _b.Relu(_b.Add(main, _b.Pad(shortcut, 1, more / 2, more / 2)));
    }

    string SplitBranches(string x)
    {
        var parts = _b.Split(x, 1, 2);
        var changed = Layer(parts[0], (int)Channels(parts[0]), 3);
        return Coin() ? _b.Concat(1, parts[1], changed) : _b.Add(parts[1], changed);
    }

    string Excite(string x)
    {
        var squeezed = _b.Relu(_b.Conv(_b.GlobalAveragePool(x), 3, 1));
        return _b.Mul(x, _b.Unary("Sigmoid", _b.Conv(squeezed, (int)Channels(x), 1)));
    }

    long Channels(string x) => _b.Shape(x)[1];

    long Height(string x) => _b.Shape(x)[2];

    long Size(string x) => Math.Min(_b.Shape(x)[2], _b.Shape(x)[3]);

    int Channels() => Pick(3, 4, 6, 8);

    bool Coin() => _random.Next(2) == 0;

    int Pick(params int[] values) => values[_random.Next(values.Length)];
}
