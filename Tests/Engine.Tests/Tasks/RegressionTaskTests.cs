using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class RegressionTaskTests
{
    static readonly RegressionTask _task = new();

    static TaskSubject Subject(string outputs = "y float N,2", string? output = null) => DeclaredModel.Of("x float N,4", outputs, new EvaluationOptions { Output = output });

    static IReadOnlyList<MetricValue> Measured(float[][] labels, float[][] answers)
    {
        var meter = _task.Measure(Subject(), new TargetItems([.. labels.Select(label => new ValuesTarget(label))]));
        // Items may come in any order.
        foreach (var item in Enumerable.Range(0, labels.Length).Reverse()) meter.Add(item, [new ItemOutput(answers[item], [answers[item].Length])]);
        return meter.Complete();
    }

    [Fact]
    public void R2_and_mean_absolute_error_are_as_by_hand()
    {
        // One column: mean 2.5, squared distances 5; errors 0.5, 0, -1, 0: squares 1.25.
        var metrics = Measured([[1], [2], [3], [4]], [[1.5f], [2], [2], [4]]);
        Assert.Equal(["r2", "mae"], metrics.Select(metric => metric.Name));
        Assert.Equal(1 - 1.25 / 5, metrics[0].Value, 12);
        Assert.Equal(1.5 / 4, metrics[1].Value, 12);
        Assert.Equal((MetricUnit.Fraction, true, MetricUnit.Own, false), (metrics[0].Unit, metrics[0].IsHigherBetter, metrics[1].Unit, metrics[1].IsHigherBetter));
        Assert.All(metrics, metric => Assert.Equal(metric.Value, metric.ItemScores!.Average(), 9));
        Assert.Equal(1, Measured([[1], [2]], [[1], [2]])[0].Value);
        // Each position has a mean of its own: (1, 10) and (3, 30) are explained as to 1 - 1 / (2 + 200).
        Assert.Equal(1 - 1.0 / 202, Measured([[1, 10], [3, 30]], [[1, 10], [3, 31]])[0].Value, 12);
    }

    [Fact]
    public void Labels_that_do_not_differ_leave_nothing_to_explain() => Assert.Equal(["mae"], Measured([[0.1f], [0.1f], [0.1f]], [[0.1f], [0], [1]]).Select(metric => metric.Name));

    // The spread over items is that of the figure: of many samples of errors, the figures spread as each says of itself.
    [Fact]
    public void The_standard_error_is_the_spread_over_samples()
    {
        var random = new Random(1);
        float Normal() => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        var samples = Enumerable.Range(0, 400).Select(_ =>
        {
            float[][] labels = [.. Enumerable.Range(0, 100).Select(_ => (float[])[Normal()])];
            return Measured(labels, [.. labels.Select(label => (float[])[label[0] + Normal() / 2])])[0];
        }).ToArray();
        var mean = samples.Average(sample => sample.Value);
        var spread = Math.Sqrt(samples.Average(sample => (sample.Value - mean) * (sample.Value - mean)));
        Assert.InRange(samples.Average(sample => sample.StandardError) / spread, 0.85, 1.15);
    }

    [Fact]
    public void Labels_of_another_width_and_NaN_are_refused()
    {
        Assert.Equal("Item 1 is labelled with 1 number, but the output 'y' holds 2 for it; give as many, or name another output with EvaluationOptions.Output.",
            Assert.Throws<OnnxEngineException>(() => Measured([[1], [2]], [[1, 2], [1, 2]])).Message);
        Assert.Equal(ErrorKind.Model, Assert.Throws<OnnxEngineException>(() => Measured([[1], [2]], [[1], [float.NaN]])).Kind);
        var several = Assert.Throws<OnnxEngineException>(() => _task.Measure(Subject("y float N,2; z float N,2"), new TargetItems(new ValuesTarget([1, 2]))));
        Assert.Contains("'y', 'z'", several.Message, StringComparison.Ordinal);
        Assert.IsType<LabelledMeter>(_task.Measure(Subject("y float N,2; z float N,2", "z"), new TargetItems(new ValuesTarget([1, 2]))), exactMatch: false);
    }

    static IReadOnlyList<MetricValue> Agreed(TaskSubject subject, params (float[][] Original, float[][] Edited)[] items)
    {
        var meter = _task.Agree(subject, new TargetItems(new ItemTarget?[items.Length]));
        foreach (var (item, (original, edited)) in items.Index())
            meter.Add(item, [.. original.Select(values => new ItemOutput(values, [values.Length]))], [.. edited.Select(values => new ItemOutput(values, [values.Length]))]);
        return meter.Complete();
    }

    [Fact]
    public void Agreement_is_the_relative_error_over_all_items()
    {
        var metrics = Agreed(Subject(), ([[3, 4]], [[3, 4]]), ([[0, 12]], [[0, 12.5f]]));
        var error = Assert.Single(metrics);
        Assert.Equal(("error", false), (error.Name, error.IsHigherBetter));
        Assert.Equal(Math.Sqrt(0.25 / (9 + 16 + 144)), error.Value, 12);
        Assert.Equal(error.Value, error.ItemScores!.Average(), 9);
        Assert.Equal(0, Agreed(Subject(), ([[0, 0]], [[0, 0]]))[0].Value);
        Assert.Equal(double.NaN, Agreed(Subject(), ([[1, 2]], [[1]]))[0].Value);
    }

    [Fact]
    public void Of_several_outputs_the_worst_stands_first_and_integers_count_changes()
    {
        var metrics = Agreed(Subject("y float N,2; ids int64 N,4"), ([[3, 4], [1, 2, 3, 4]], [[3, 4], [1, 2, 9, 4]]));
        Assert.Equal(["error", "error:y", "error:ids"], metrics.Select(metric => metric.Name));
        Assert.Equal([0.25, 0, 0.25], metrics.Select(metric => metric.Value));
    }

    [Fact]
    public void Any_model_can_be_measured_and_it_comes_last()
    {
        var subject = DeclaredModel.Of("x float 1,4", "text string N; y float N,4,3,2,2");
        Assert.Same(ModelTasks.Table.Rows[^1], ModelTasks.Of(subject, null));
        Assert.Equal("regression", ModelTasks.Of(subject, null).Name);
        Assert.Equal(["y"], _task.Reads(subject).Tensors);
    }
}
