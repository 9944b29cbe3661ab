using OnnxEdit.Engine.Slimming;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class MaskedDamageTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Dimensions_of_queries_and_keys_that_change_no_score_go_first(int idle)
    {
        var proto = AttentionModel.Build(bentQueries: true);
        // A key that is zero in one dimension of every head makes that dimension of the queries idle, however large it is.
        foreach (var name in new[] { "k.weight", "k.bias" })
        {
            var tensor = proto.Graph.Initializer.First(t => t.Name == name);
            var values = TensorData.Floats(tensor).ToArray();
            for (var i = 0; i < values.Length; i++)
                if (i % AttentionModel.Size == idle) values[i] = 0;
            TensorData.SetFloats(tensor, values);
        }
        var options = new SlimOptions { Budget = SlimBudget.Sparsity(0.05), Align = 1, PlanOnly = true };
        var plan = Slimmer.Slim(new OnnxModel(proto), new SlimData { Calibration = SmallClassifier.Images(200) }, options, null, TestContext.Current.CancellationToken).Plan;
        Assert.NotEmpty(plan.Removed);
        Assert.All(plan.Removed.Values, channels => Assert.Equal([idle, AttentionModel.Size + idle], channels));
    }
}
