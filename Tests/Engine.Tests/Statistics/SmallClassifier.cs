using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Statistics;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Tests;

/// <summary>A classifier built in code, its channels, and images for it.</summary>
sealed class SmallClassifier
{
    internal const int Classes = 3;

    internal SmallClassifier(ModelProto model)
    {
        Model = new OnnxModel(model);
        Analysis = ChannelAnalysis.Of(NormalisedModel.Create(model));
    }

    internal OnnxModel Model { get; }

    internal ChannelAnalysis Analysis { get; }

    /// <summary>conv-bn-relu, a residual block, pool, gemm: two groups of channels.</summary>
    internal static SmallClassifier Residual(long? batch = null, int type = 1)
    {
        var b = new GraphBuilder(5) { Batch = batch, ElementType = (TensorProto.Types.DataType)type };
        var x = b.Input("x", 3, 6, 6);
        var stem = b.Relu(b.BatchNorm(b.Conv(x, 6, pads: 1, bias: false, name: "stem")), "stem_relu");
        var inner = b.Relu(b.Conv(stem, 5, pads: 1, name: "inner"), "inner_relu");
        var sum = b.Relu(b.Add(stem, b.Conv(inner, 6, pads: 1, name: "outer")), "block");
        return new SmallClassifier(b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(sum)), Classes, name: "head")));
    }

    /// <summary>A 1x1 convolution that passes the pixel channels on, relu, pool, gemm; filter i reads colour i of 4.</summary>
    internal static SmallClassifier Colours(params float[] weights)
    {
        var b = new GraphBuilder(7);
        var x = b.Input("x", 4, 6, 6);
        var w = b.Floats("pass.weight", [weights.Length / 4, 4, 1, 1], weights);
        var passed = b.Op("Conv", [x, w], [1, weights.Length / 4, 6, 6], "pass");
        var pooled = b.Flatten(b.GlobalAveragePool(b.Relu(passed)));
        return new SmallClassifier(b.Build(b.Gemm(pooled, Classes, name: "head")));
    }

    internal static float[] Identity => [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

    /// <summary>Noise; with labels, the first colour grows with the class.</summary>
    internal static ItemSet Images(int count, int channels = 3, bool isLabelled = true) => new Noise(count, channels, isLabelled);

    internal CalibrationStatistics Collect(ItemSet images, StatisticsOptions? options = null) =>
        CalibrationStatistics.Collect(Model, Analysis, images, options, null, Xunit.TestContext.Current.CancellationToken);

    sealed class Noise(int count, int channels, bool isLabelled) : ItemSet
    {
        public override int Count => count;

        public override IReadOnlyList<int> ItemShape => [channels, 6, 6];

        public override int Label(int index) => isLabelled ? index % Classes : -1;

        public override void Fill(int start, int count, Span<float> destination)
        {
            for (var i = 0; i < count; i++)
            {
                var random = new Philox4x32(3, (ulong)(start + i));
                var item = destination.Slice(i * ItemLength, ItemLength);
                for (var p = 0; p < item.Length; p++) item[p] = (float)random.NextDouble() + (p < 36 && isLabelled ? Label(start + i) : 0);
            }
        }
    }
}
