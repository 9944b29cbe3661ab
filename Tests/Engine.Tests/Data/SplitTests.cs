using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Surgery;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class SplitTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Items whose only value is their number, labelled 0..9 in turn.</summary>
    string Numbers(string name, int count, bool hasLabels = true)
    {
        using var stream = File.Create(_folder[name]);
        using var npz = new NpzWriter(stream);
        npz.Add("x", NpyArray.From<float>(Enumerable.Range(0, count).Select(i => (float)i).ToArray(), count, 1));
        if (hasLabels)
            npz.Add("y", NpyArray.From<int>(Enumerable.Range(0, count).Select(i => i % 10).ToArray()));
        return _folder[name];
    }

    static readonly InputGeometry Input = InputGeometry.FromShape([1]);

    static List<float> Values(ItemSet? items)
    {
        var values = new float[items?.Count ?? 0];
        items?.Fill(0, values.Length, values);
        return [.. values];
    }

    static ModelData Open(string path, Func<DataOptions, DataOptions>? change = null)
    {
        var options = new DataOptions { Path = path, Calibration = 20, Validation = 10 };
        return ModelData.Open(change is null ? options : change(options), Input);
    }

    [Fact]
    public void Parts_are_disjoint_and_cover_everything()
    {
        var data = Open(Numbers("a.npz", 100));
        Assert.Equal((20, 10, 20), (data.Calibration!.Count, data.Validation!.Count, data.Test!.Count));
        Assert.Equal(100, Values(data.Train).Concat(Values(data.Validation)).Concat(Values(data.Test)).Distinct().Count());
        Assert.Empty(Values(data.Calibration).Except(Values(data.Train)));
    }

    [Fact]
    public void The_seed_decides_and_repeats()
    {
        var path = Numbers("a.npz", 100);
        Assert.Equal(Values(Open(path).Calibration), Values(Open(path).Calibration));
        Assert.NotEqual(Values(Open(path).Calibration), Values(Open(path, options => options with { Seed = 1 }).Calibration));
    }

    [Fact]
    public void Validation_does_not_depend_on_the_number_of_calibration_items()
    {
        var path = Numbers("a.npz", 100);
        Assert.Equal(Values(Open(path).Validation), Values(Open(path, options => options with { Calibration = 50 }).Validation));
    }

    [Fact]
    public void Too_few_items_are_shared_in_proportion()
    {
        var data = Open(Numbers("a.npz", 15));
        Assert.Equal((8, 4, 3), (data.Calibration!.Count, data.Validation!.Count, data.Test!.Count));
    }

    [Fact]
    public void Other_test_data_leaves_the_first_whole_for_training()
    {
        var test = Numbers("test.npz", 7);
        var data = Open(Numbers("a.npz", 100), options => options with { EvalPath = test });
        Assert.Equal((90, 7), (data.Train!.Count, data.Test!.Count));
    }

    [Fact]
    public void Measuring_only_uses_everything_as_the_test_set()
    {
        var data = Open(Numbers("a.npz", 30), options => options with { TestOnly = true });
        Assert.Equal((30, null, null), (data.Test!.Count, data.Train, data.Calibration));
        data = Open(Numbers("a.npz", 30), options => options with { TestOnly = true, TestLimit = 5 });
        Assert.Equal(5, data.Test!.Count);
    }

    [Fact]
    public void A_label_map_translates_and_leaves_out()
    {
        var data = Open(Numbers("a.npz", 100), options => options with { TestOnly = true, LabelMap = new Dictionary<int, int> { [3] = 0, [5] = 1 }, Outputs = 2 });
        Assert.Equal(20, data.Test!.Count);
        Assert.Equal([3, 5, 13, 15], Values(data.Test).Take(4));
        Assert.Equal([0, 1, 0, 1], Enumerable.Range(0, 4).Select(data.Test.Label));
    }

    [Fact]
    public void A_label_map_needs_labels()
    {
        var map = new Dictionary<int, int> { [3] = 0 };
        Assert.Throws<OnnxEngineException>(() => Open(Numbers("a.npz", 100, hasLabels: false), options => options with { LabelMap = map }));
        map = new Dictionary<int, int> { [30] = 0 };
        Assert.Throws<OnnxEngineException>(() => Open(Numbers("a.npz", 100), options => options with { LabelMap = map }));
    }

    [Fact]
    public void Random_inputs_are_explicit_and_repeatable()
    {
        var input = Pictures.Rgb(4, 4);
        var data = ModelData.Open(new DataOptions { Path = "random:50" }, input);
        Assert.Equal((50, null), (data.Calibration!.Count, data.Test));
        Assert.False(data.Calibration.IsLabelled);
        var batch = new float[50 * 48];
        data.Calibration.Fill(0, 50, batch);
        Assert.InRange(batch.Average(), -0.1, 0.1);
        Assert.Equal(batch[(7 * 48)..(8 * 48)], Pictures.Item(data.Calibration, 7));
        Assert.Equal(ErrorKind.Usage, Assert.Throws<OnnxEngineException>(() => ModelData.Open(new DataOptions { Path = "random:many" }, input)).Kind);
        Assert.Equal(ErrorKind.Data, Assert.Throws<OnnxEngineException>(() => ModelData.Open(new DataOptions { Path = "random:9" }, Pictures.Rgb(-1, -1))).Kind);
    }
}
