using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks.Kinds;

namespace OnnxEdit.Engine.Tests.Tasks;

/// <summary>Runs a model of one input on single items with nothing but ONNX Runtime.</summary>
sealed class DetectorRuns(string path) : IDisposable
{
    readonly InferenceSession _session = new(path, new SessionOptions { IntraOpNumThreads = 2 });

    public void Dispose() => _session.Dispose();

    public ItemOutput[] Run(ItemSet items, int index, IReadOnlyList<string> tensors)
    {
        var values = new float[items.ItemLength];
        items.Fill(index, 1, values);
        var input = NamedOnnxValue.CreateFromTensor(_session.InputNames[0], new DenseTensor<float>(values, [1, .. items.ItemShape]));
        using var outputs = _session.Run([input], [.. tensors]);
        return [.. outputs.Select(output => output.AsTensor<float>()).Select(tensor => new ItemOutput([.. tensor], [.. tensor.Dimensions[1..]]))];
    }
}
