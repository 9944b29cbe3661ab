using OnnxEdit.Engine.Slimming;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.Engine.Tests;

/// <summary>Positions that the attention mask hides count in nothing: the same texts filled up to other lengths make the same model.</summary>
public sealed class PaddingTests
{
    static Dictionary<string, float[]> Slimmed(int length, string score, HeadCut attention, RecoveryKind recovery, bool isOpen)
    {
        var model = TokenEncoder.Build(length, isOpen);
        var data = new SlimData { Calibration = TokenEncoder.Items(model, TokenEncoder.Texts(150, 1), length) };
        var options = new SlimOptions { Budget = SlimBudget.Sparsity(0.3), Score = score, Attention = attention, Recovery = recovery, Align = 1 };
        return Slimmer.Slim(new OnnxModel(model), data, options).Model!.Proto.Graph.Initializer.Where(TensorData.IsFloat).ToDictionary(t => t.Name, TensorData.Floats);
    }

    [Theory]
    [InlineData("obs", HeadCut.Dimensions, RecoveryKind.LeastSquares, true)]
    [InlineData("obs", HeadCut.Dimensions, RecoveryKind.LeastSquares, false)]
    [InlineData("obs", HeadCut.Heads, RecoveryKind.LeastSquares, true)]
    [InlineData("obs", HeadCut.Dimensions, RecoveryKind.BatchNorm, true)]
    public void Padding_changes_no_weight(string score, HeadCut attention, RecoveryKind recovery, bool isOpen)
    {
        var (tight, wide) = (Slimmed(11, score, attention, recovery, isOpen), Slimmed(29, score, attention, recovery, isOpen));
        Assert.Equal(tight.Keys.Order(), wide.Keys.Order());
        Assert.True(tight.Values.Sum(v => v.Length) < 0.75 * TokenEncoder.Build(11).Graph.Initializer.Where(TensorData.IsFloat).Sum(TensorData.ElementCount));
        foreach (var (name, weights) in tight)
        {
            Assert.True(weights.Length == wide[name].Length, $"'{name}' was cut to {weights.Length} and {wide[name].Length} values");
            var scale = Math.Max(1e-3, weights.Max(Math.Abs));
            Assert.All(weights.Zip(wide[name]), pair => Assert.True(Math.Abs(pair.First - pair.Second) <= 2e-3 * scale, $"'{name}' differs by {Math.Abs(pair.First - pair.Second) / scale:g3} of its largest value"));
        }
    }
}
