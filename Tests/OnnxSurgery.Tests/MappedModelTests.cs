using Google.Protobuf;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Weights that stay in their files; here small ones, mapped because the test asks for it.</summary>
public sealed class MappedModelTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Mapped_weights_have_the_same_values_and_hash()
    {
        var path = External();
        var (mapped, read) = (OnnxModel.Load(path, mapFrom: 0), OnnxModel.Load(path));
        Assert.Equal(read.Proto, mapped.Proto);
        Assert.Equal(read.Sha256, mapped.Sha256);
        ModelValidator.CheckRuntime(mapped.Proto);
        ModelRunner.AssertSame(ModelRunner.Run(read.Proto), ModelRunner.Run(mapped.Proto), "mapped");
    }

    [Fact]
    public void Sessions_over_mapped_weights_take_them_where_they_lie()
    {
        using var mapped = OrtRuntime.CreateSession(OnnxModel.Load(External(), mapFrom: 0).Proto);
        using var read = OrtRuntime.CreateSession(OnnxModel.Load(_folder["m.onnx"]).Proto);
        Assert.True(mapped.IsMappedSession);
        Assert.False(read.IsMappedSession);
    }

    [Fact]
    public void Mapped_models_are_cut_like_others_and_saved_to_data_files()
    {
        var path = External();
        var slim = new List<ModelProto>();
        foreach (var mapFrom in (long[])[0, long.MaxValue])
        {
            var model = OnnxModel.Load(path, mapFrom);
            var analysis = ChannelAnalysis.Of(NormalisedModel.Create(model.Proto));
            var removed = RandomRemoval.Draw(analysis, 1, 0.3);
            Assert.Contains(true, removed);
            slim.Add(ChannelRemoval.Apply(analysis, removed));
            ModelRunner.AssertSame(ModelRunner.Run(MaskInsertion.Apply(analysis, removed)), ModelRunner.Run(slim[^1]), "cut");
            model.With(slim[^1]).Save(_folder[$"slim{slim.Count}.onnx"]);
        }
        Assert.Equal(slim[1], slim[0]);
        Assert.Equal(File.ReadAllBytes(_folder["slim2.onnx.data"]), File.ReadAllBytes(_folder["slim1.onnx.data"]));
        Assert.Equal(slim[0], OnnxModel.Load(_folder["slim1.onnx"], mapFrom: 0).Proto);
    }

    [Fact]
    public void New_values_of_mapped_weights_are_kept()
    {
        var tensor = OnnxModel.Load(External(), mapFrom: 0).Proto.Graph.Initializer.Single(t => t.Name == "wide.weight");
        var values = TensorData.Floats(tensor);
        values[7] = 42;
        TensorData.SetFloats(tensor, values);
        Assert.Equal(values, TensorData.Floats(tensor));
    }

    // Two layers of 64 KiB and 40 KiB, saved with external data.
    string External()
    {
        var b = new GraphBuilder(1);
        var wide = b.Relu(b.Gemm(b.Input("x", 128), 128, name: "wide"));
        var proto = b.Build(b.Gemm(b.Relu(b.MatMul(wide, 80, name: "middle")), 5, name: "last"));
        foreach (var tensor in proto.Graph.Initializer.Where(t => t.Dims.Count == 2 && t.Name != "last.weight"))
        {
            _folder.Write($"{tensor.Name}.bin", tensor.RawData.Span);
            tensor.ClearRawData();
            tensor.DataLocation = TensorProto.Types.DataLocation.External;
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = $"{tensor.Name}.bin" });
        }
        return _folder.Write("m.onnx", proto.ToByteArray());
    }
}
