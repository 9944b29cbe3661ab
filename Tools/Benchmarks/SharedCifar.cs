using OnnxEdit.Engine;
using OnnxEdit.Surgery;

namespace OnnxEdit.Benchmarks;

/// <summary>CIFAR-10 and the published networks on it, from the folder that ONNXEDIT_SHARED names.</summary>
static class SharedCifar
{
    static readonly string _root = Environment.GetEnvironmentVariable("ONNXEDIT_SHARED")
        ?? throw new InvalidOperationException("Set ONNXEDIT_SHARED to the folder with data/cifar10 and models.");

    static readonly Preprocessing _pixels = new() { Mean = [.485f, .456f, .406f], Std = [.229f, .224f, .225f] };

    /// <summary>A model by its name in models/.</summary>
    public static OnnxModel Model(string name) => OnnxModel.Load(Path.Combine(_root, "models", $"{name}.onnx"));

    /// <summary>The data split by a seed, as the command line splits it by default.</summary>
    public static ModelData Data(OnnxModel model, ulong seed) => ModelData.Open(
        new DataOptions { Path = Path.Combine(_root, "data", "cifar10"), Seed = seed, Preprocessing = _pixels },
        ClassifierSignature.Of(model.Proto).Input);
}
