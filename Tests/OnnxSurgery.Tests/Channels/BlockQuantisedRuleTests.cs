using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class BlockQuantisedRuleTests
{
    const int Block = 16;

    // Zero points: none, one number for each block, or as many of few bits as a byte holds.
    [Theory]
    [InlineData(4, false, "none", 1)]
    [InlineData(4, true, "none", 1)]
    [InlineData(8, true, "none", 1)]
    [InlineData(2, true, "none", 1)]
    [InlineData(4, true, "floats", 1)]
    [InlineData(4, false, "bytes", 2)]
    [InlineData(4, true, "bytes", 2)]
    [InlineData(8, false, "bytes", 1)]
    public void Columns_go_one_by_one_and_what_is_summed_over_in_whole_blocks(int bits, bool isTable, string zeroPoints, int together)
    {
        const int Columns = 6 * Block;
        var b = new GraphBuilder(1);
        var m1 = Product(b, b.Input("x", Block), Columns, "m1", bits, isTable, zeroPoints);
        var s = new Specimen(b.Build(Product(b, b.Relu(m1), 5, "m2", bits, isTable, zeroPoints, "bias")));
        Assert.Equal(6 / together, s.Free("m1"));
        var slim = s.Remove("m1", 0, Columns - 1);
        var (left, blocks) = (Columns - 2 * together * Block, 6L - 2 * together);
        Assert.Equal([left, 1, Block * bits / 8], Specimen.Dims(slim, "m1.weight"));
        Assert.Equal([5, blocks, Block * bits / 8], Specimen.Dims(slim, "m2.weight"));
        Assert.Equal([5, blocks], Specimen.Dims(slim, "m2.scale"));
        if (zeroPoints != "none") Assert.Equal([5, blocks / together], Specimen.Dims(slim, "m2.zero"));
        Assert.Equal((left, Block), (Attribute(slim, "m1", "N"), Attribute(slim, "m1", "K")));
        Assert.Equal((5, left), (Attribute(slim, "m2", "N"), Attribute(slim, "m2", "K")));
    }

    [Fact]
    public void The_last_block_may_be_short()
    {
        var b = new GraphBuilder(1);
        var m1 = b.MatMul(b.Input("x", 5), 40, "m1");
        var s = new Specimen(b.Build(Product(b, b.Relu(m1), 5, "m2", 4, true, "bytes")));
        Assert.Equal(2, s.Free("m1"));
        Assert.Equal([5, 1, Block / 2], Specimen.Dims(s.Remove("m1", 0), "m2.weight"));
        Assert.Equal([5, 2, Block / 2], Specimen.Dims(s.Remove("m1", 39), "m2.weight"));
    }

    [Fact]
    public void A_channel_that_must_stay_keeps_its_block()
    {
        var b = new GraphBuilder(1);
        var (x, y) = (b.MatMul(b.Input("x", 5), 24, "m1"), b.Input("y", 8));
        var s = new Specimen(b.Build(Product(b, b.Op("Concat", [x, y], [1, 32], "c", n => n.Set("axis", 1L)), 5, "m2", 4, true, "none")));
        Assert.Equal(1, s.Free("m1"));
        s.Remove("m1", 3);
        Assert.Contains("blocks of 16", s.Analysis.LockOf(s.Cells("m1")[20])!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Scales_that_something_else_reads_lock_the_channels()
    {
        var b = new GraphBuilder(1);
        var m1 = b.MatMul(b.Input("x", 5), 32, "m1");
        var m2 = Product(b, b.Relu(m1), 5, "m2", 4, false, "none");
        var s = new Specimen(b.Build(m2, b.Op("Neg", ["m2.scale"], [10], "n")));
        Assert.Contains("shares its scales", s.Lock("m1"), StringComparison.Ordinal);
    }

    static string Product(GraphBuilder b, string x, int columns, string name, int bits, bool isTable, string zeroPoints, string? bias = null)
    {
        var inner = b.Shape(x)[^1];
        var blocks = (inner + Block - 1) / Block;
        long[] Dims(long entries) => isTable ? [columns, entries] : [columns * entries];
        List<string> inputs = [x, b.Bytes($"{name}.weight", [columns, blocks, Block * bits / 8], signed: false), b.Weight($"{name}.scale", Dims(blocks))];
        if (zeroPoints == "floats") inputs.Add(b.Weight($"{name}.zero", Dims(blocks)));
        if (zeroPoints == "bytes") inputs.Add(b.Bytes($"{name}.zero", Dims((blocks * bits + 7) / 8), signed: false));
        if (bias is not null)
        {
            while (inputs.Count < 5) inputs.Add("");
            inputs.Add(b.Weight($"{name}.{bias}", [columns]));
        }
        return b.Microsoft("MatMulNBits", [.. inputs], [.. b.Shape(x)[..^1], columns], name, n =>
        {
            foreach (var (key, value) in new Dictionary<string, long> { ["K"] = inner, ["N"] = columns, ["bits"] = bits, ["block_size"] = Block }) n.Set(key, value);
        });
    }

    static long Attribute(ModelProto model, string node, string name) => Specimen.Node(model, node).Attribute.Single(a => a.Name == name).I;
}
