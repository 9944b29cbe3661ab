using OnnxEdit.Engine;
using OnnxEdit.Engine.Deployment;
using Xunit;

namespace OnnxEdit.Serving.Tests;

public sealed class RowSplitTests
{
    [Fact]
    public void Rows_go_to_their_requests()
    {
        var parts = RowSplit.Of(new TensorValue("y", ServedType.Named("UINT8")!, [3, 2], (byte[])[1, 2, 3, 4, 5, 6]), [1, 2]);
        Assert.Equal([1, 2], parts[0].Bytes.ToArray());
        Assert.Equal([3, 4, 5, 6], parts[1].Bytes.ToArray());
        Assert.Equal([2L, 2L], parts[1].Shape);
    }

    [Fact]
    public void Texts_are_split_by_elements()
    {
        var parts = RowSplit.Of(new TensorValue("y", ServedType.Bytes, [3], StringElements.Encode(["a", "bcd", ""])), [2, 1]);
        Assert.Equal(["a", "bcd"], StringElements.Decode(parts[0].Bytes.Span, 2, "y"));
        Assert.Equal([""], StringElements.Decode(parts[1].Bytes.Span, 1, "y"));
    }

    [Fact]
    public void An_output_without_a_row_per_item_is_refused() =>
        Assert.Throws<OnnxEngineException>(() => RowSplit.Of(new TensorValue("y", ServedType.Named("FP32")!, [1], new byte[4]), [1, 1]));
}
