using Google.Protobuf;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>What loading puts right, with a note, instead of refusing it.</summary>
public sealed class LoadingTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Nodes_in_any_order_are_sorted_and_others_stay_where_they_are()
    {
        var sorted = SmallModels.Classifier();
        Assert.Empty(Load(sorted).Notes);
        Assert.Equal(sorted.Graph.Node.Select(n => n.Name), Load(sorted).Proto.Graph.Node.Select(n => n.Name));
        var random = new Random(1);
        for (var trial = 0; trial < 10; trial++)
        {
            var shuffled = sorted.Clone();
            NodeProto[] nodes = trial == 0 ? [.. sorted.Graph.Node.Reverse()] : [.. sorted.Graph.Node.OrderBy(_ => random.Next())];
            shuffled.Graph.Node.Clear();
            shuffled.Graph.Node.AddRange(nodes);
            var model = Load(shuffled);
            Assert.Contains("they were sorted", Assert.Single(model.Notes), StringComparison.Ordinal);
            ModelRunner.AssertSame(ModelRunner.Run(sorted), ModelRunner.Run(model.Proto), "sorted");
        }
    }

    [Fact]
    public void What_goes_in_a_circle_is_refused_as_before()
    {
        var model = SmallModels.Classifier();
        model.Graph.Node[0].Input[0] = model.Graph.Node[^1].Output[0];
        Assert.Contains("cycle", Assert.Throws<OnnxSurgeryException>(() => Load(model)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_size_of_zero_is_open()
    {
        var model = SmallModels.Classifier();
        var expected = ModelRunner.Run(model);
        foreach (var value in model.Graph.Input.Concat(model.Graph.Output)) value.Type.TensorType.Shape.Dim[0] = new() { DimValue = 0 };
        var loaded = Load(model);
        Assert.Contains("declares a size of 0 for 'x'", Assert.Single(loaded.Notes), StringComparison.Ordinal);
        Assert.True(NormalisedModel.Create(loaded.Proto).Trace.HasDynamicBatch);
        ModelRunner.AssertSame(expected, ModelRunner.Run(loaded.Proto), "opened");
    }

    OnnxModel Load(ModelProto model)
    {
        var path = Path.Combine(_folder.Path, "model.onnx");
        File.WriteAllBytes(path, model.ToByteArray());
        return OnnxModel.Load(path);
    }
}
