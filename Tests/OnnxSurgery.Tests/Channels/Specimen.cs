using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>A small analysed model, with the questions that rule tests ask of it.</summary>
sealed class Specimen
{
    readonly ModelProto _source;

    public Specimen(ModelProto model)
    {
        _source = model;
        Analysis = ChannelAnalysis.Of(NormalisedModel.Create(model));
    }

    public ChannelAnalysis Analysis { get; }

    /// <summary>Cells along the channel axis of a tensor.</summary>
    public int[] Cells(string tensor) => Analysis.Tensors[tensor].Ids;

    /// <summary>Channel axis of a tensor.</summary>
    public int Axis(string tensor) => Analysis.Tensors[tensor].Axis;

    /// <summary>Number of distinct cells of a tensor that may be removed.</summary>
    public int Free(string tensor) => Cells(tensor).Where(c => c >= 0 && Analysis.LockOf(c) is null).Distinct().Count();

    /// <summary>Why the first channel of a tensor is locked, as the user reads it.</summary>
    public string Lock(string tensor)
    {
        var reason = Analysis.LockOf(Cells(tensor)[0]);
        Assert.NotNull(reason);
        return reason.ToString();
    }

    /// <summary>
    /// Removes the cells at these places of a tensor; on the way checks that the slim model computes what the masked
    /// one does, returns the same shapes, and that the source is as it was.
    /// </summary>
    public ModelProto Remove(string tensor, params int[] places)
    {
        var removed = new bool[Analysis.CellCount];
        foreach (var p in places) removed[Cells(tensor)[p]] = true;
        var before = _source.Clone();
        var normal = Analysis.Model.Proto.Clone();
        var masked = ModelRunner.Run(MaskInsertion.Apply(Analysis, removed));
        var slim = ChannelRemoval.Apply(Analysis, removed);
        ModelRunner.AssertSame(masked, ModelRunner.Run(slim), "slim against masked");
        CostCheck.AssertSame(Analysis, removed, slim, "slim");
        var original = ModelRunner.Run(_source);
        Assert.Equal(original.Select(o => o.Shape), masked.Select(o => o.Shape));
        Assert.True(original.Zip(masked).Any(p => ModelRunner.Difference(p.First, p.Second) > 1e-4), "the masks changed nothing, so the comparison says nothing");
        Assert.Equal(before, _source);
        Assert.Equal(normal, Analysis.Model.Proto);
        return slim;
    }

    /// <summary>Dims of an initializer.</summary>
    public static long[] Dims(ModelProto model, string tensor) => [.. model.Graph.Initializer.Single(t => t.Name == tensor).Dims];

    /// <summary>Values of a node's integer input.</summary>
    public static long[] Integers(ModelProto model, string node, int input) =>
        TensorData.Integers(model.Graph.Initializer.Single(t => t.Name == Node(model, node).Input[input]));

    /// <summary>A node by its name.</summary>
    public static NodeProto Node(ModelProto model, string name) => model.Graph.Node.Single(n => n.Name == name);
}
