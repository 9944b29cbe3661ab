using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// Scales and zero points of com.microsoft.MatMulNBits, which exporters write as one long vector or as a table of columns x blocks:
/// ONNX Runtime reads both alike, and only a table has an axis for each that can be cut.
/// </summary>
static class BlockTables
{
    const int Scales = 2, ZeroPoints = 3;

    /// <summary>Writes the vectors as tables; those that something else reads, too, stay.</summary>
    /// <param name="model">The model; changed in place.</param>
    public static void Write(ModelProto model)
    {
        var products = model.Graph.Node.Where(IsProduct).ToArray();
        if (products.Length == 0) return;
        var index = new GraphIndex(model.Graph);
        foreach (var node in products)
        {
            var columns = node.Int("N", 0);
            for (var i = Scales; i <= ZeroPoints && i < node.Input.Count; i++)
            {
                if (index.Initializer(node.Input[i]) is not { Dims: [var all] } table || columns <= 0 || all % columns != 0) continue;
                if (index.IsOutput(table.Name) || index.IsCaptured(table.Name) || index.Consumers(table.Name).Any(n => !IsProduct(n) || n.Int("N", 0) != columns)) continue;
                table.Dims.Clear();
                table.Dims.AddRange([columns, all / columns]);
            }
        }
    }

    static bool IsProduct(NodeProto node) => node is { Domain: "com.microsoft", OpType: "MatMulNBits" };
}
