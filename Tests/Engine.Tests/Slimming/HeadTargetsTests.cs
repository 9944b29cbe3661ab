using OnnxEdit.Engine.Slimming;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.Engine.Tests;

/// <summary>
/// Attentions in which half of the dimensions of every head are enough, but no half of those in the file: the others can
/// go only when what is left is written in another basis.
/// </summary>
public sealed class HeadTargetsTests
{
    const int Heads = AttentionModel.Heads, Size = AttentionModel.Size;

    [Fact]
    public void Queries_that_need_two_dimensions_of_four_keep_their_scores() => AssertKept("q");

    [Fact]
    public void Values_of_which_two_dimensions_of_four_are_read_keep_what_they_say() => AssertKept("v");

    static void AssertKept(string producer)
    {
        var model = Model();
        var analysis = ChannelAnalysis.Of(NormalisedModel.Create(model.Proto));
        var cells = analysis.Groups.Single(g => g.Producers.Any(p => p.Output[0] == producer)).Cells;
        var flags = new bool[analysis.CellCount];
        foreach (var cell in cells.Take(Size / 2)) flags[cell] = true;
        var plan = new SlimPlan
        {
            SourceSha256 = model.Sha256,
            Score = "obs",
            Statistics = "none",
            Budget = "two dimensions",
            Align = 1,
            Seed = 0,
            Removed = SlimPlan.Describe(analysis, flags),
        };
        var options = new SlimOptions { Budget = SlimBudget.Sparsity(0.1), Plan = plan, Align = 1 };
        var data = new SlimData { Calibration = SmallClassifier.Images(400), HeldOut = SmallClassifier.Images(20) };
        var result = Slimmer.Slim(model, data, options, null, TestContext.Current.CancellationToken);
        var outputs = result.Report.Outputs!;
        Assert.True(outputs.After.Values.Single() < 0.02 && outputs.AfterSurgery!.Values.Single() > 0.1,
            $"{outputs.AfterSurgery!.Values.Single()} before recovery, {outputs.After.Values.Single()} after");
    }

    static OnnxModel Model()
    {
        var proto = AttentionModel.Build();
        Confine(proto, "q.weight", AttentionModel.Width, true);
        Confine(proto, "q.bias", 1, true);
        Confine(proto, "out.weight", 5, false);
        return new OnnxModel(proto);
    }

    // Puts the Size columns (or rows) of every head of a matrix into a plane that no two axes span.
    static void Confine(ModelProto proto, string name, int other, bool areColumns)
    {
        var tensor = proto.Graph.Initializer.First(t => t.Name == name);
        var values = TensorData.Floats(tensor).ToArray();
        float[][] plane = [[1, 1, 0, 1], [0, 1, 1, -1]];
        for (var h = 0; h < Heads; h++)
            for (var o = 0; o < other; o++)
            {
                int At(int d) => areColumns ? o * Heads * Size + h * Size + d : (h * Size + d) * other + o;
                var (a, c) = (values[At(0)], values[At(1)]);
                for (var d = 0; d < Size; d++) values[At(d)] = 3 * (a * plane[0][d] + c * plane[1][d]);
            }
        TensorData.SetFloats(tensor, values);
    }
}
