using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Dense;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class DenseTaskTests
{
    static readonly DenseTask _task = new();

    // What it is taken for, by what is declared; "?" where only labels or a name choose it.
    [Theory]
    [InlineData("x float N,3,64,96", "y float N,21,64,96 Conv", "Scores")]
    [InlineData("x float N,3,64,96", "y float N,21,16,24 Conv+Softmax", "Scores")]
    [InlineData("x float N,3,513,513", "y float N,21,65,65 Conv", "Scores")]
    [InlineData("x float N,64,96,3", "y float N,64,96,21 Conv", "Scores")]
    [InlineData("x float N,3,H,W", "y float N,21,H,W Conv", "Scores")]
    [InlineData("x float N,C,H,W", "y float N,labels,H,W Conv", "Scores")]
    [InlineData("x float N,3,64,96", "y float N,1,64,96 Conv+Sigmoid", "Probability")]
    [InlineData("x float ?,3,?,?", "y float ?,1,?,? Conv+Sigmoid", "Probability")]
    [InlineData("x float N,3,64,96", "y float N,1,64,96 Conv+Relu", "Numbers")]
    [InlineData("x float N,3,64,96", "y float N,64,96 Conv+Squeeze", "Numbers")]
    [InlineData("x float N,1,224,224", "y float N,1,672,672 Conv", "Numbers")]
    [InlineData("x float N,3,64,96", "y int64 N,64,96 ArgMax", "Classes")]
    [InlineData("x uint8 N,64,96,3", "y int64 N,64,96,1 ArgMax", "Classes")]
    [InlineData("x float N,3,64,96", "y float N,3,64,96 Conv+Softmax", "Scores")]
    // Another picture, three classes, or features.
    [InlineData("x float N,3,64,96", "y float N,3,64,96 Conv", "Numbers?")]
    [InlineData("x float N,3,64,96", "y float N,64,16,24 Conv+Relu", "Scores?")]
    [InlineData("x float N,3,32,32", "y float N,64,8,8 Conv", "Scores?")]
    [InlineData("x float N,3,224,224", "y float N,1024,14,14 Conv", "Scores?")]
    [InlineData("x float N,3,?,?", "y float N,21,?,? Conv", "Scores?")]
    // One map of several of a kind is the final one.
    [InlineData("x float N,3,64,96", "y float N,21,64,96 Conv; aux float N,21,64,96 Conv", "Scores")]
    [InlineData("x float N,3,64,96", "y float N,21,64,96 Conv; class float N,10 Gemm", "Scores?")]
    public void What_a_map_holds_is_told_by_its_shape(string input, string outputs, string form)
    {
        var subject = DeclaredModel.Of(input, outputs);
        Assert.Null(_task.Obstacle(subject));
        Assert.Equal(form, DenseHead.Find(subject, out _)!.Form + (_task.IsTelling(subject) ? "" : "?"));
        Assert.Equal(["y"], _task.Reads(subject).Tensors);
    }

    [Theory]
    [InlineData("x float N,3,32,32", "y float N,10 Gemm")]
    [InlineData("x float N,3,32,32", "y float N,1000,1,1 Conv")]
    [InlineData("x float N,3,?,?", "y float N,?,?,? Conv")]
    [InlineData("x float N,3,224,224", "y float N,512,7,7 Conv")]
    [InlineData("x float N,3,640,640", "y float N,84,8400 Concat")]
    [InlineData("x float N,3,352,352", "y float N,484,85 Concat")]
    [InlineData("x float N,3,?,?", "y float N,25200,85 Concat")]
    [InlineData("x float N,3,240,320", "scores float N,4420,2 Concat; boxes float N,4420,4 Concat")]
    [InlineData("x float N,3,48,?", "y float N,?,6625 Softmax")]
    [InlineData("x float N,3,224,224", "y float N,197,768 Add")]
    [InlineData("input_ids int64 N,S", "y float N,S,384 Add")]
    [InlineData("x float N,3,512,512", "hm float N,80,128,128 Conv; wh float N,2,128,128 Conv")]
    public void Other_models_are_not_taken_for_maps(string input, string outputs)
    {
        var subject = DeclaredModel.Of(input, outputs);
        Assert.NotNull(_task.Obstacle(subject));
        Assert.NotEqual("dense", ModelTasks.Of(subject, null).Name);
    }

    [Fact]
    public void Of_several_maps_one_is_named()
    {
        const string outputs = "hm float N,80,128,128 Conv; wh float N,2,128,128 Conv";
        Assert.Equal("returns several maps ('hm' [N,80,128,128], 'wh' [N,2,128,128]); name one with EvaluationOptions.Output", _task.Obstacle(DeclaredModel.Of("x float N,3,512,512", outputs)));
        Assert.Null(_task.Obstacle(DeclaredModel.Of("x float N,3,512,512", outputs, new EvaluationOptions { Output = "hm" })));
    }

    // Scores of three classes on 2 x 2 pixels, each pixel's class given.
    static ItemOutput Scores(string classes, bool isLast = false)
    {
        var values = new float[3 * classes.Length];
        for (var pixel = 0; pixel < classes.Length; pixel++) values[isLast ? pixel * 3 + classes[pixel] - '0' : (classes[pixel] - '0') * classes.Length + pixel] = 1;
        return new ItemOutput(values, isLast ? [2, 2, 3] : [3, 2, 2]);
    }

    static MaskTarget Mask(params byte[] classes) => new((int)Math.Sqrt(classes.Length), (int)Math.Sqrt(classes.Length), classes);

    static IReadOnlyList<MetricValue> Measured(TaskSubject subject, params (ItemTarget Target, ItemOutput Output)[] items)
    {
        var meter = _task.Measure(subject, new TargetItems([.. items.Select(item => item.Target)]));
        foreach (var (item, (_, output)) in items.Index().Reverse()) meter.Add(item, [output]);
        return meter.Complete();
    }

    [Theory]
    [InlineData("x float N,3,2,2", "y float N,3,2,2 Softmax", false)]
    [InlineData("x float N,2,2,3", "y float N,2,2,3 Softmax", true)]
    public void Mean_IoU_sums_over_items_and_leaves_absent_classes_out(string input, string output, bool isLast)
    {
        var metrics = Measured(DeclaredModel.Of(input, output), (Mask(0, 0, 1, 1), Scores("0011", isLast)), (Mask(0, 0, 1, 255), Scores("0112", isLast)));
        // Class 0: 3 of 4; class 1: 3 of 4; class 2 stands where nothing counts.
        Assert.Equal([("miou", 0.75), ("pixel-accuracy", 6.0 / 7)], metrics.Select(metric => (metric.Name, metric.Value)));
        Assert.All(metrics, metric => Assert.Equal(2, metric.ItemScores!.Count));
        // Class 2 is there where it is predicted only: 0 of 1.
        Assert.Equal((3.0 / 4 + 2.0 / 4 + 0) / 3, Measured(DeclaredModel.Of(input, output), (Mask(0, 0, 1, 1), Scores("0012", isLast)), (Mask(0, 0, 1, 255), Scores("0112", isLast)))[0].Value, 12);
    }

    [Fact]
    public void Pseudo_values_are_those_of_leaving_groups_out()
    {
        (ItemTarget, ItemOutput)[] items = [(Mask(0, 0, 1, 1), Scores("0011")), (Mask(0, 0, 1, 1), Scores("0111")), (Mask(2, 2, 1, 1), Scores("2212"))];
        var subject = DeclaredModel.Of("x float N,3,2,2", "y float N,3,2,2 Softmax");
        var whole = Measured(subject, items)[0];
        double[] without = [.. Enumerable.Range(0, 3).Select(left => Measured(subject, [.. items.Where((_, i) => i != left)])[0].Value)];
        for (var i = 0; i < 3; i++) Assert.Equal(3 * whole.Value - 2 * without[i], whole.ItemScores![i], 12);
        // 120 items make 50 groups.
        Assert.Equal(50, Measured(subject, [.. Enumerable.Repeat(items, 40).SelectMany(i => i)])[0].ItemScores!.Count);
        Assert.Null(Measured(subject, items[0])[0].ItemScores);
    }

    [Fact]
    public void A_mask_is_brought_to_the_size_of_the_map()
    {
        // Each pixel of the map is the one of the mask nearest to its centre: of 4 x 4 those at 1 and 3.
        byte[] mask = [9, 9, 9, 9, 9, 1, 9, 2, 9, 9, 9, 9, 9, 0, 9, 255];
        var subject = DeclaredModel.Of("x float N,3,4,4", "y float N,10,2,2 Softmax");
        var values = new float[40];
        foreach (var (pixel, c) in new[] { 1, 2, 0, 5 }.Index()) values[c * 4 + pixel] = 1;
        Assert.Equal(1, Measured(subject, (Mask(mask), new ItemOutput(values, [10, 2, 2])))[1].Value);
        // And a smaller one is enlarged.
        Assert.Equal(1, Measured(DeclaredModel.Of("x float N,3,2,2", "y float N,3,2,2 Softmax"), (Mask(2), Scores("2222")))[0].Value);
    }

    [Theory]
    [InlineData("y float N,1,2,2 Conv+Sigmoid", new float[] { 0.4f, 0.5f, 0.6f, 1 })]
    [InlineData("y float N,1,2,2 Conv", new float[] { -3, 0, 0.1f, 1 })]
    [InlineData("y int64 N,1,2,2 ArgMax", new float[] { 0, 0, 1, 1 })]
    public void One_channel_is_two_classes_against_masks(string output, float[] values) =>
        Assert.Equal(1, Measured(DeclaredModel.Of("x float N,3,2,2", output), (Mask(0, 0, 1, 1), new ItemOutput(values, [1, 2, 2])))[0].Value);

    [Fact]
    public void Open_channels_are_as_many_as_come()
    {
        var subject = DeclaredModel.Of("x float N,C,H,W", "y float N,labels,H,W Conv");
        Assert.Equal(1, Measured(subject, (Mask(0, 2, 1, 1), Scores("0211")))[0].Value);
        Assert.Contains("tells 3 apart", Assert.Throws<OnnxEngineException>(() => Measured(subject, (Mask(3), Scores("0211")))).Message, StringComparison.Ordinal);
        Assert.Contains("is [1,2,2] for an item", Assert.Throws<OnnxEngineException>(() => Measured(subject, (Mask(0), new ItemOutput(new float[4], [1, 2, 2])))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_are_measured_in_their_own_unit()
    {
        var subject = DeclaredModel.Of("x float N,3,64,96", "y float N,1,64,96 Conv");
        var metrics = Measured(subject, (new ValuesTarget([1, 2]), new ItemOutput([1, 4], [1, 1, 2])), (new ValuesTarget([0, 0]), new ItemOutput([0, 1], [1, 1, 2])));
        Assert.Equal([("mae", 0.75), ("rmse", Math.Sqrt(5.0 / 4))], metrics.Select(metric => (metric.Name, metric.Value)));
        Assert.All(metrics, metric => Assert.Equal((false, false), (metric.IsFraction, metric.IsHigherBetter)));
        Assert.Contains("labelled with 3 numbers, but 'y' holds 2", Assert.Throws<OnnxEngineException>(() => Measured(subject, (new ValuesTarget([1, 2, 3]), new ItemOutput([1, 4], [1, 1, 2])))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Agreement_is_measured_against_the_answer_of_the_original()
    {
        var meter = _task.Agree(DeclaredModel.Of("x float N,3,2,2", "y float N,3,2,2 Softmax"), new TargetItems(null, null));
        meter.Add(0, [Scores("0011")], [Scores("0111")]);
        meter.Add(1, [Scores("2222")], [Scores("2222")]);
        Assert.Equal([("miou", (0.5 + 2.0 / 3 + 1) / 3), ("pixel-accuracy", 7.0 / 8)], meter.Complete().Select(metric => (metric.Name, metric.Value)));
        var numbers = _task.Agree(DeclaredModel.Of("x float N,3,64,96", "y float N,1,64,96 Conv"), new TargetItems((ItemTarget?)null));
        numbers.Add(0, [new ItemOutput([3, 4], [1, 1, 2])], [new ItemOutput([3, 3], [1, 1, 2])]);
        Assert.Equal([("error", 0.2), ("mae", 0.5), ("rmse", Math.Sqrt(0.5))], numbers.Complete().Select(metric => (metric.Name, metric.Value)));
    }

    [Fact]
    public void Masks_of_other_classes_and_empty_ones_are_refused()
    {
        var subject = DeclaredModel.Of("x float N,3,2,2", "y float N,3,2,2 Softmax");
        Assert.Equal("The mask of item 0 holds class 7, but 'y' tells 3 apart, 0 to 2 (255 counts for nothing); give masks in the model's own classes.",
            Assert.Throws<OnnxEngineException>(() => Measured(subject, (Mask(0, 7, 1, 1), Scores("0011")))).Message);
        Assert.Contains("nothing to measure", Assert.Throws<OnnxEngineException>(() => Measured(subject, (Mask(255), Scores("0011")))).Message, StringComparison.Ordinal);
        Assert.Contains("is NaN for item 0", Assert.Throws<OnnxEngineException>(() => Measured(subject, (Mask(0), new ItemOutput([.. new float[11], float.NaN], [3, 2, 2])))).Message, StringComparison.Ordinal);
        Assert.Contains("holds -1 for item 0, which is no class", Assert.Throws<OnnxEngineException>(() => Measured(DeclaredModel.Of("x float N,3,2,2", "y int64 N,1,2,2 ArgMax"), (Mask(0), new ItemOutput([0.5f, 0, 0, -1], [1, 2, 2])))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("zoo/super_resolution.onnx", "dense")]
    [InlineData("zoo/carvana_unet_simp.onnx", "regression")]
    [InlineData("zoo/fastestdet.onnx", "not dense")]
    [InlineData("zoo/ultraface_slim320_simp.onnx", "not dense")]
    [InlineData("zoo/squeezenet_fp16.onnx", "not dense")]
    [InlineData("zoo/mnist_self_attention.onnx", "not dense")]
    [InlineData("resnet20_cifar10.onnx", "not dense")]
    public void Real_models_are_recognised(string name, string task)
    {
        var subject = TaskSubject.Of(OnnxModel.Load(SharedData.Model(name)).Proto, new EvaluationOptions());
        var found = ModelTasks.Of(subject, null).Name;
        if (task == "not dense") Assert.NotEqual("dense", found);
        else Assert.Equal(task, found);
    }
}
