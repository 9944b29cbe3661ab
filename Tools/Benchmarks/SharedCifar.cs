using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Benchmarks;

/// <summary>CIFAR-10 and the published networks on it, from the folder that ONNXEDIT_SHARED names.</summary>
static class SharedCifar
{
    static readonly string _root = Environment.GetEnvironmentVariable("ONNXEDIT_SHARED")
        ?? throw new InvalidOperationException("Set ONNXEDIT_SHARED to the folder with data/cifar10 and models.");

    static readonly float[] _mean = [.4914f, .4822f, .4465f];

    // Mean and standard deviation that a network was trained with, where not those of ImageNet.
    static readonly Dictionary<string, Preprocessing> _pixels = new()
    {
        ["zoo/cifar10_resnet_4b"] = new() { Mean = _mean, Std = [.2471f, .2435f, .2616f] },
        ["zoo/vit_pgd_2_3_16"] = new() { Mean = _mean, Std = [.2009f, .2009f, .2009f] },
    };

    /// <summary>A model by its name in models/, such as resnet20_cifar10 or zoo/vit_pgd_2_3_16.</summary>
    public static OnnxModel Model(string name) => OnnxModel.Load(Path.Combine(_root, "models", $"{name}.onnx"));

    /// <summary>The data of a model, split by a seed, as the command line splits it by default.</summary>
    public static ModelData Data(string name, ulong seed, int calibration = 2000, int? tests = null) => ModelData.Open(
        new DataOptions
        {
            Path = Path.Combine(_root, "data", "cifar10"),
            Seed = seed,
            Calibration = calibration,
            TestLimit = tests,
            Preprocessing = _pixels.GetValueOrDefault(name, new() { Mean = [.485f, .456f, .406f], Std = [.229f, .224f, .225f] }),
        },
        ClassifierSignature.Of(Model(name).Proto).Input);
}
