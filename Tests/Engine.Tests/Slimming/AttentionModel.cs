using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Tests;

/// <summary>One attention over the patches of a small image, with queries, keys and values of their own: x [N,3,6,6] -> y [N,6,5].</summary>
static class AttentionModel
{
    internal const int Tokens = 6, Width = 18, Heads = 2, Size = 4;

    /// <summary>Makes the model; weights are "q.weight" [Width, Heads x Size], "q.bias" and so on for k, v and out.</summary>
    /// <param name="bentQueries">Puts a Relu behind the queries, so that they cannot be written in another basis.</param>
    internal static ModelProto Build(bool bentQueries = false)
    {
        var b = new GraphBuilder(11);
        var x = b.Reshape(b.Input("x", 3, 6, 6), 0, Tokens, Width);
        string Unit(string tensor, int width, string name) => b.Add(b.MatMul(tensor, width, name), b.Weight($"{name}.bias", [width]));
        string Split(string tensor) => b.Reshape(tensor, 0, Tokens, Heads, Size);
        var queries = Unit(x, Heads * Size, "q");
        var q = b.Transpose(Split(bentQueries ? b.Relu(queries) : queries), 0, 2, 1, 3);
        var k = b.Transpose(Split(Unit(x, Heads * Size, "k")), 0, 2, 3, 1);
        var v = b.Transpose(Split(Unit(x, Heads * Size, "v")), 0, 2, 1, 3);
        var mixed = b.MatMul(b.Softmax(b.MatMul(q, k)), v);
        return b.Build(Unit(b.Reshape(b.Transpose(mixed, 0, 2, 1, 3), 0, Tokens, Heads * Size), 5, "out"));
    }
}
