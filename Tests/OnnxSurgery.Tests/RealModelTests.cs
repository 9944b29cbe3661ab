using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public sealed class RealModelTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_healthy_model_loads_runs_and_is_saved_byte_for_byte()
    {
        var paths = SharedData.Models().Where(p => Path.GetFileName(p) is not ("finn_tfc.onnx" or "swiftinfer_cifar10.onnx")).ToList();
        if (paths.Count == 0) Assert.Skip("Set ONNXEDIT_SHARED to the folder that holds the real models.");
        foreach (var path in paths)
        {
            var model = OnnxModel.Load(path);
            ModelValidator.CheckRuntime(model.Proto);
            var copy = _folder[Path.GetFileName(path)];
            model.Save(copy);
            Assert.True(File.ReadAllBytes(path).AsSpan().SequenceEqual(File.ReadAllBytes(copy)), $"{path} changed");
        }
    }

    [Fact]
    public void The_broken_models_are_refused_for_their_reason()
    {
        Assert.Contains("'finn.custom_op.general'", Refusal("zoo/finn_tfc.onnx"));
        var missing = Refusal("zoo/swiftinfer_cifar10.onnx");
        Assert.Contains("'cifar10.onnx.data'", missing);
        Assert.Contains("is missing (looked for", missing);
    }

    [Theory]
    // Published: 0.27 M and 0.85 M parameters, 41 M and 126 M MACs for the CIFAR ResNets; folding drops gamma.
    [InlineData("resnet20_cifar10_bn.onnx", 269_722, 40_551_040)]
    [InlineData("resnet20_cifar10.onnx", 269_034, 40_551_040)]
    [InlineData("resnet56_cifar10_bn.onnx", 853_018, 125_485_696)]
    // torchvision's ResNet-50: 25,557,032 parameters, 4.09 G MACs; here the weights are ConstantOfShape nodes.
    [InlineData("zoo/light_resnet50.onnx", 25_557_032, 4_089_184_256)]
    [InlineData("zoo/squeezenet_fp16.onnx", 1_235_496, 349_151_936)]
    public void Counts_are_the_published_ones(string name, long parameters, long macs)
    {
        var model = OnnxModel.Load(SharedData.Model(name)).Proto;
        var counts = ModelCounts.Of(model, TracedShapes.Of(model));
        Assert.Equal((parameters, macs), (counts.Parameters, counts.Macs));
        Assert.True(counts.MacsComplete);
    }

    static string Refusal(string name)
    {
        var path = SharedData.Model(name);
        return Assert.Throws<OnnxSurgeryException>(() => OnnxModel.Load(path)).Message;
    }
}
