using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Sample;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Fuzz;

/// <summary>The built-in sample, what it predicts for its 2,000 test images, and files of some of these with other labels.</summary>
sealed class SampleImages : IDisposable
{
    // A label, then 3 x 32 x 32 bytes.
    const int Record = 3073;

    readonly string _folder = Directory.CreateTempSubdirectory("onnxedit-fuzz-").FullName;
    readonly byte[] _images;

    public SampleImages()
    {
        SampleFolder.Write(_folder);
        Model = OnnxModel.Load(Path.Combine(_folder, "model.onnx"));
        _images = File.ReadAllBytes(Path.Combine(_folder, "data", "test_batch.bin"));
        Stored = Evaluator.Evaluate(Model, Open(Path.Combine(_folder, "data")).Test!);
    }

    /// <summary>The sample's classifier.</summary>
    public OnnxModel Model { get; }

    /// <summary>What it predicts for its test images.</summary>
    public Evaluation Stored { get; }

    /// <summary>A data set as a user would give it, in the binary CIFAR format.</summary>
    public ModelData Open(LabelSet set)
    {
        var path = Path.Combine(_folder, "set.bin");
        var bytes = new byte[set.Items.Count * Record];
        for (var i = 0; i < set.Items.Count; i++)
        {
            _images.AsSpan(set.Items[i] * Record, Record).CopyTo(bytes.AsSpan(i * Record));
            bytes[i * Record] = (byte)set.Labels[i];
        }
        File.WriteAllBytes(path, bytes);
        return Open(path);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    ModelData Open(string path) => ModelData.Open(
        new DataOptions { Path = path, Preprocessing = new Preprocessing { Mean = [0.5f], Std = [0.25f] } }, ModelSignature.Of(Model.Proto).Inputs);
}
