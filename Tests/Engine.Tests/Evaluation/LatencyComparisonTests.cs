using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class LatencyComparisonTests
{
    static readonly LatencyOptions _brief = new() { BatchSizes = [1, 3], MinimumPairs = 6, MinimumSeconds = 0.01 };

    static OnnxModel Model(int? batch, int length = 1) => ChainModel.Of("Sin", 4096, batch, length: length);

    static IReadOnlyList<LatencyResult> Measure(OnnxModel first, OnnxModel? second) =>
        LatencyComparison.Measure(first, second, _brief, null, TestContext.Current.CancellationToken);

    [Fact]
    public void Each_batch_size_gets_its_pairs()
    {
        var results = Measure(Model(null), Model(null));
        Assert.Equal([1, 3], results.Select(result => result.Batch));
        Assert.All(results, result => Assert.True(result.Pairs >= 6 && result.First.Median > 0));
    }

    [Fact]
    public void More_work_takes_longer()
    {
        foreach (var result in Measure(Model(null, 200), Model(null, 1)))
            Assert.True(result.SpeedUp!.Value.Median > 2, $"{result.SpeedUp}");
    }

    [Fact]
    public void A_single_model_has_no_speed_up() => Assert.All(Measure(Model(null), null), result => Assert.Null(result.SpeedUp));

    [Fact]
    public void A_fixed_batch_is_timed_as_it_is() => Assert.Equal([5], Measure(Model(5), Model(null)).Select(result => result.Batch));

    [Fact]
    public void Different_fixed_batches_cannot_be_compared() =>
        Assert.Equal(ErrorKind.Model, Assert.Throws<OnnxEngineException>(() => Measure(Model(5), Model(6))).Kind);
}
