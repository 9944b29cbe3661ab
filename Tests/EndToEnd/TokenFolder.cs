using Google.Protobuf;
using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.EndToEnd;

/// <summary>
/// A temporary folder with a text classifier of three inputs, input_ids, attention_mask and token_type_ids, int64 [N,tokens], and sequences
/// of tokens of which most belong to the class that the sequence has; some classes are wrong, so that the model is not perfect.
/// Word w belongs to class w modulo the number of classes; word 0 is padding, and of a class as well where the mask does not hide it.
/// </summary>
sealed class TokenFolder : IDisposable
{
    /// <summary>Tokens of a sequence, padding included.</summary>
    internal const int Tokens = 9;

    const int Words = 24, Width = 8, Hidden = 12;

    readonly TempFolder _folder = new();

    /// <summary>Writes the model, tokens.onnx, and a folder data with train.npz and test.npz.</summary>
    /// <param name="classes">Number of classes.</param>
    /// <param name="batch">A fixed batch; null: open, and so is the number of tokens.</param>
    /// <param name="train">Sequences to train on.</param>
    /// <param name="test">Sequences to test on.</param>
    internal TokenFolder(int classes = 4, int? batch = null, int train = 600, int test = 300)
    {
        Classes = classes;
        Proto = Classifier(classes, batch);
        _folder.Write("tokens.onnx", Proto.ToByteArray());
        Directory.CreateDirectory(Data);
        Write(Path.Combine(Data, "train.npz"), Sequences(train, 1));
        Write(TestFile, Sequences(test, 2));
    }

    /// <summary>One sequence.</summary>
    /// <param name="Ids">Its words; 0 behind its end.</param>
    /// <param name="Mask">1 up to its end, 0 behind it.</param>
    /// <param name="Kinds">0 in its first part, 1 in its second.</param>
    /// <param name="Label">Its class.</param>
    internal sealed record Sequence(long[] Ids, long[] Mask, long[] Kinds, int Label);

    /// <summary>Number of classes.</summary>
    internal int Classes { get; }

    /// <summary>The model.</summary>
    internal ModelProto Proto { get; }

    /// <summary>Path of a file in the folder.</summary>
    internal string this[string name] => _folder[name];

    /// <summary>Path of the model.</summary>
    internal string Model => _folder["tokens.onnx"];

    /// <summary>Path of the folder of data.</summary>
    internal string Data => _folder["data"];

    /// <summary>Path of the test sequences.</summary>
    internal string TestFile => Path.Combine(Data, "test.npz");

    /// <summary>Makes sequences.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">Seed of all draws.</param>
    internal Sequence[] Sequences(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            var (label, length) = (random.Next(Classes), random.Next(3, Tokens + 1));
            var (ids, mask, kinds) = (new long[Tokens], new long[Tokens], new long[Tokens]);
            for (var t = 0; t < length; t++)
            {
                var word = random.Next(1, Words);
                if (random.NextDouble() < 0.55) word = word / Classes * Classes + label;
                (ids[t], mask[t], kinds[t]) = (word == 0 ? Classes : word % Words, 1, t < length / 2 ? 0 : 1);
            }
            return new Sequence(ids, mask, kinds, random.Next(20) == 0 ? random.Next(Classes) : label);
        })];
    }

    /// <summary>Writes sequences as an array for each input, and their labels.</summary>
    /// <param name="path">The .npz file.</param>
    /// <param name="sequences">The sequences.</param>
    /// <param name="labels">Name of the array of labels; null: none.</param>
    internal static void Write(string path, Sequence[] sequences, string? labels = "labels")
    {
        using var stream = File.Create(path);
        using var npz = new NpzWriter(stream);
        // Not in the model's order of inputs, which names are for.
        npz.Add("token_type_ids", NpyArray.From<long>([.. sequences.SelectMany(s => s.Kinds)], sequences.Length, Tokens));
        if (labels is not null) npz.Add(labels, NpyArray.From<long>([.. sequences.Select(s => (long)s.Label)]));
        npz.Add("input_ids", NpyArray.From<long>([.. sequences.SelectMany(s => s.Ids)], sequences.Length, Tokens));
        npz.Add("attention_mask", NpyArray.From<long>([.. sequences.SelectMany(s => s.Mask)], sequences.Length, Tokens));
    }

    /// <summary>How many sequences a form of the model, of any widths, gets right, computed by hand.</summary>
    internal static int Right(ModelProto form, Sequence[] sequences)
    {
        var tensors = form.Graph.Initializer.Where(TensorData.IsFloat).ToDictionary(t => t.Name, t => (Values: TensorData.Floats(t), Dims: t.Dims.ToArray()));
        return sequences.Count(sequence => Predict(tensors, sequence) == sequence.Label);
    }

    static int Predict(Dictionary<string, (float[] Values, long[] Dims)> tensors, Sequence sequence)
    {
        float[] Values(string name) => tensors[name].Values;
        var (table, kinds, width) = (Values("table"), Values("kinds"), (int)tensors["table"].Dims[1]);
        var mean = new double[width];
        for (var t = 0; t < Tokens; t++)
            for (var k = 0; k < width && sequence.Mask[t] == 1; k++) mean[k] += (table[sequence.Ids[t] * width + k] + kinds[sequence.Kinds[t] * width + k]) / (double)sequence.Mask.Sum();
        double[] Layer(double[] x, string name) => [.. Values($"{name}.bias").Select((bias, i) => bias + x.Select((v, k) => v * Values($"{name}.weight")[i * x.Length + k]).Sum())];
        var logits = Layer([.. Layer(mean, "hidden").Select(v => Math.Max(v, 0))], "logits");
        return Array.IndexOf(logits, logits.Max());
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Dispose();

    // Embedding, mean over the tokens that the mask leaves, a hidden layer, class scores.
    static ModelProto Classifier(int classes, int? batch)
    {
        var b = new GraphBuilder(3) { Batch = batch };
        var random = new Random(4);
        float Noise(double size) => (float)(size * (2 * random.NextDouble() - 1));
        var n = batch ?? 1;
        foreach (var name in (string[])["input_ids", "attention_mask", "token_type_ids"]) b.Input(name, Tokens);
        var table = b.Floats("table", [Words, Width], [.. Enumerable.Range(0, Words * Width).Select(i => Noise(0.6) + (i % Width == i / Width % classes ? 1 : 0))]);
        var words = b.Op("Gather", [table, "input_ids"], [n, Tokens, Width], "words");
        var kinds = b.Op("Gather", [b.Floats("kinds", [2, Width], [.. Enumerable.Range(0, 2 * Width).Select(_ => Noise(0.2))]), "token_type_ids"], [n, Tokens, Width], "kinds_of_words");
        var mask = b.Op("Cast", ["attention_mask"], [n, Tokens], "mask", node => node.Set("to", (long)DataType.Float));
        mask = b.Op("Unsqueeze", [mask, b.Integers("last", 2)], [n, Tokens, 1], "mask_of_words");
        string Sum(string x, long width, string name) => b.Op("ReduceSum", [x, b.Integers($"{name}.axes", 1)], [n, width], name, node => node.Set("keepdims", 0L));
        var mean = b.Op("Div", [Sum(b.Mul(b.Add(words, kinds), mask), Width, "sum"), Sum(mask, 1, "count")], [n, Width], "mean");
        // The first units find the classes, the others something of everything.
        float[] hidden = [.. Enumerable.Range(0, Hidden * Width).Select(i => Noise(0.3) + (i / Width < classes && i % Width == i / Width ? 3 : 0))];
        float[] last = [.. Enumerable.Range(0, classes * Hidden).Select(i => Noise(0.2) + (i % Hidden == i / Hidden ? 3 : 0))];
        string Gemm(string x, string name, float[] weights, int outputs) => b.Op(
            "Gemm", [x, b.Floats($"{name}.weight", [outputs, weights.Length / outputs], weights), b.Floats($"{name}.bias", [outputs], [.. Enumerable.Range(0, outputs).Select(_ => Noise(0.1))])],
            [n, outputs], name, node => node.Set("transB", 1L));
        var model = b.Build(Gemm(b.Relu(Gemm(mean, "hidden", hidden, Hidden), "features"), "logits", last, classes));
        foreach (var input in model.Graph.Input)
        {
            input.Type.TensorType.ElemType = (int)DataType.Int64;
            if (batch is null) input.Type.TensorType.Shape.Dim[1] = new() { DimParam = "tokens" };
        }
        return model;
    }
}
