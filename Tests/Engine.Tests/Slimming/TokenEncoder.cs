using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Text;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Tests;

/// <summary>A small text encoder: word vectors, attention under the mask, a feed-forward layer, both with residual connections; a vector per token.</summary>
static class TokenEncoder
{
    internal const int Words = 40, Width = 16, Hidden = 24;

    internal static ModelProto Build(int tokens, bool isOpen = true)
    {
        var b = new GraphBuilder(11);
        b.Input("input_ids", tokens);
        b.Input("attention_mask", tokens);
        var x = b.Op("Gather", [b.Weight("words", [Words, Width]), "input_ids"], [1, tokens, Width], "embedded");
        var mask = b.Op("Cast", ["attention_mask"], [1, tokens], "mask", node => node.Set("to", (long)DataType.Float));
        var hidden = b.Op("Mul", [b.Op("Sub", [b.Floats("one", [1], 1), mask], [1, tokens], "padding"), b.Floats("far", [1], -10000)], [1, tokens], "far_from_padding");
        hidden = b.Op("Unsqueeze", [hidden, b.Integers("rows", 1)], [1, 1, tokens], "bias_of_scores");
        string Layer(string input, int outputs, string name) => b.Add(b.MatMul(input, outputs, $"{name}.product"), b.Weight($"{name}.bias", [outputs], 4), name);
        var scores = b.MatMul(Layer(x, Width, "queries"), b.Transpose(Layer(x, Width, "keys"), 0, 2, 1));
        var mixed = b.MatMul(b.Softmax(b.Add(scores, hidden)), Layer(x, Width, "values"));
        x = b.Add(x, Layer(mixed, Width, "mixed"), "attended");
        x = b.Add(x, Layer(b.Unary("Tanh", Layer(x, Hidden, "up")), Width, "down"), "last_hidden_state");
        var model = b.Build(x);
        foreach (var input in model.Graph.Input)
        {
            input.Type.TensorType.ElemType = (int)DataType.Int64;
            if (isOpen) input.Type.TensorType.Shape.Dim[1] = new() { DimParam = "tokens" };
        }
        if (isOpen) model.Graph.Output[0].Type.TensorType.Shape.Dim[1] = new() { DimParam = "tokens" };
        return model;
    }

    /// <summary>Texts of 3 to 11 words.</summary>
    internal static EncodedText[] Texts(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            int[] ids = [.. Enumerable.Range(0, random.Next(3, 12)).Select(_ => random.Next(1, Words))];
            return new EncodedText(ids, new int[ids.Length], -1, null);
        })];
    }

    /// <summary>The texts filled up to a length.</summary>
    internal static ItemSet Items(ModelProto model, EncodedText[] texts, int length) => new TextItemSet(texts, ModelInput.All(model, null), new TokenLength { Fixed = length }, 0, 1);
}
