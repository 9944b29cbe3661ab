using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Tests;

public sealed class PatchGraphTests
{
    const int Images = 3;

    [Theory]
    [InlineData(3, 1, 1, 1, 1)]
    [InlineData(3, 2, 1, 1, 1)]
    [InlineData(3, 1, 0, 1, 2)]
    [InlineData(3, 1, 2, 2, 1)]
    [InlineData(1, 1, 0, 1, 1)]
    [InlineData(1, 2, 0, 1, 1)]
    [InlineData(3, 1, 1, 1, 4)]
    [InlineData(5, 3, 2, 1, 2)]
    public void Patches_of_a_convolution_are_its_im2col(int kernel, int stride, int pads, int dilation, int group)
    {
        var b = new GraphBuilder(1);
        var y = b.Conv(b.Input("x", 4, 9, 8), 8, kernel, stride, pads, group, dilation);
        Check(b.Build(y), Padded(kernel, [pads, pads], stride, dilation));
    }

    [Theory]
    [InlineData("SAME_UPPER", 2, 3, 0, 1)]
    [InlineData("SAME_LOWER", 2, 3, 1, 1)]
    [InlineData("SAME_UPPER", 1, 3, 1, 1)]
    [InlineData("VALID", 1, 3, 0, 0)]
    public void Automatic_pads_are_those_of_the_operator(string mode, int stride, int kernel, int top, int left)
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 4, 8, 9);
        long[] size = mode == "VALID" ? [6, 7] : [(8 + stride - 1) / stride, (9 + stride - 1) / stride];
        var y = b.Op("Conv", [x, b.Weight("w", [6, 4, kernel, kernel], 9)], [1, 6, .. size], "conv", node =>
        {
            node.Set("auto_pad", mode);
            node.Set("strides", [stride, stride]);
        });
        Check(b.Build(y), Padded(kernel, [top, left], stride, 1));
    }

    [Fact]
    public void Patches_of_a_matrix_product_are_its_rows()
    {
        var b = new GraphBuilder(1);
        Check(b.Build(b.Gemm(b.Input("x", 7), 4)), (x, _, n, c, _, _) => x[n * 7 + c]);
        b = new GraphBuilder(1);
        Check(b.Build(b.MatMul(b.Input("x", 5, 7), 4)), (x, _, n, c, site, _) => x[(n * 5 + site) * 7 + c]);
    }

    delegate float Reference(float[] x, long[] shape, int image, int channel, int site, int tap);

    // One value of the patch matrix, straight from the definition of convolution.
    static Func<PatchGraph, long[], Reference> Padded(int kernel, int[] before, int stride, int dilation) => (_, output) => (x, shape, image, channel, site, tap) =>
    {
        var (h, w) = ((int)shape[2], (int)shape[3]);
        var row = site / (int)output[3] * stride + tap / kernel * dilation - before[0];
        var column = site % (int)output[3] * stride + tap % kernel * dilation - before[1];
        return row < 0 || column < 0 || row >= h || column >= w ? 0 : x[((image * (int)shape[1] + channel) * h + row) * w + column];
    };

    static void Check(ModelProto proto, Reference reference) => Check(proto, (_, _) => reference);

    static void Check(ModelProto proto, Func<PatchGraph, long[], Reference> reference)
    {
        var model = NormalisedModel.Create(proto);
        var unit = LinearUnit.Of(model.Proto.Graph.Node.Single(), model.Proto.Graph, model.Index)!;
        var patches = PatchGraph.Of(unit, model, ItemLayout.Of(model));
        long[] input = [Images, .. model.Trace.Shape("x").Skip(1)], output = [Images, .. model.Trace.Shape(unit.Output).Skip(1)];
        var numbers = new SeededNumbers(5);
        var (x, y) = (numbers.Floats(input.Aggregate((a, c) => a * c)), numbers.Floats(output.Aggregate((a, c) => a * c)));
        // Every second position, so that the choice of positions is tested too.
        long[] sites = [.. Enumerable.Range(0, patches.Positions).Where(p => !patches.IsConv || p % 2 == 1).Select(p => (long)p)];
        var (found, targets) = Run(patches, x, input, y, output, sites);

        var (per, value) = (patches.InChannels / patches.Groups, reference(patches, output));
        var columns = Images * sites.Length;
        Assert.Equal(patches.Groups * (patches.Rows + 1) * columns, found.Length);
        for (var g = 0; g < patches.Groups; g++)
            for (var n = 0; n < Images; n++)
                for (var s = 0; s < sites.Length; s++)
                {
                    float At(int row) => found[(g * (patches.Rows + 1) + row) * columns + n * sites.Length + s];
                    for (var c = 0; c < per; c++)
                        for (var t = 0; t < patches.Taps; t++)
                            Assert.Equal(value(x, input, n, g * per + c, (int)sites[s], t), At(PatchOrder.Row(c, t, per)));
                    Assert.Equal(1f, At(patches.Rows));
                    var outputs = patches.OutChannels / patches.Groups;
                    for (var o = 0; o < outputs; o++)
                    {
                        var channel = g * outputs + o;
                        var at = patches.IsConv ? (n * patches.OutChannels + channel) * patches.Positions + sites[s] : (n * patches.Positions + sites[s]) * patches.OutChannels + channel;
                        Assert.Equal(y[at], targets[(g * outputs + o) * columns + n * sites.Length + s]);
                    }
                }
    }

    static (float[] Patches, float[] Targets) Run(PatchGraph patches, float[] x, long[] input, float[] y, long[] output, long[] sites)
    {
        var model = InternalGraph.Create();
        InternalGraph.Input(model.Graph, "x", DataType.Float, input.Length);
        InternalGraph.Input(model.Graph, "y", DataType.Float, output.Length);
        patches.AddInputs(model.Graph);
        InternalGraph.Output(model.Graph, patches.AddPatches(model.Graph, "x"));
        InternalGraph.Output(model.Graph, patches.AddTargets(model.Graph, "y"));
        using var runner = new BatchRunner(model);
        var ones = Enumerable.Repeat(1f, patches.Groups * Images * sites.Length).ToArray();
        List<BatchInput> inputs = [new(x, input), new(y, output), new(ones, [patches.Groups, 1, Images * sites.Length])];
        if (patches.IsConv) inputs.AddRange([new([], [sites.Length], sites), new([], [patches.Taps, sites.Length], patches.TapIndices(sites))]);
        var found = new float[2][];
        runner.Run(inputs, (o, values, _) => found[o] = values.ToArray());
        return (found[0], found[1]);
    }
}
