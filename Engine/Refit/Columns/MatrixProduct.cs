using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Model;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Refit.Columns;

/// <summary>Products of matrices too large to multiply by hand, float32, by ONNX Runtime.</summary>
sealed class MatrixProduct : IDisposable
{
    readonly BatchRunner _runner;
    readonly bool _isTurned;

    /// <summary>Prepares products.</summary>
    /// <param name="isTurned">Whether the second matrix is given turned, A B' instead of A B.</param>
    public MatrixProduct(bool isTurned)
    {
        _isTurned = isTurned;
        var model = InternalGraph.Create();
        InternalGraph.Input(model.Graph, "a", DataType.Float, 2);
        InternalGraph.Input(model.Graph, "b", DataType.Float, 2);
        var product = NodeAttributes.Node("Gemm", ["a", "b"], ["product"]);
        product.Set("transB", isTurned ? 1 : 0);
        model.Graph.Node.Add(product);
        InternalGraph.Output(model.Graph, "product");
        _runner = new BatchRunner(model);
    }

    /// <summary>Reads a product, row-major; valid during the call.</summary>
    public delegate void Reader(ReadOnlySpan<float> product);

    /// <summary>Multiplies.</summary>
    /// <param name="a">[rows, inner].</param>
    /// <param name="rows">Rows of the product.</param>
    /// <param name="inner">Terms of each sum.</param>
    /// <param name="b">[inner, columns], or turned [columns, inner].</param>
    /// <param name="columns">Columns of the product.</param>
    /// <param name="read">Gets [rows, columns].</param>
    public void Run(float[] a, int rows, int inner, float[] b, int columns, Reader read) =>
        _runner.Run([new(a, [rows, inner]), new(b, _isTurned ? [columns, inner] : [inner, columns])], (_, values, _) => read(values));

    /// <inheritdoc/>
    public void Dispose() => _runner.Dispose();
}
