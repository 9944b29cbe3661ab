using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.EndToEnd;

public sealed partial class TaskExamples
{
    const int Width = 16;

    static readonly string[] _special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], _fillers = ["the", "a", "was", "and", "very", "so"];

    static readonly string[] _good = ["good", "great", "lovely", "fine", "bright"], _bad = ["bad", "awful", "dull", "poor", "weak"];

    static readonly string[][] _topics =
    [
        ["rain", "cloud", "storm", "wind", "sun"], ["bread", "soup", "cheese", "apple", "rice"], ["ball", "team", "race", "goal", "match"], ["song", "drum", "violin", "choir", "tune"],
    ];

    static readonly string[] _words = [.. _special, .. _fillers, .. _good, .. _bad, .. _topics.SelectMany(words => words)];

    // vocab.txt for all; sentiment.onnx and reviews.csv; encoder.onnx with pairs.csv (scored) and sentences.csv (no header, no labels);
    // tagger.onnx with tagged.tsv and its tags in entities.txt.
    void Texts()
    {
        _folder.WriteText("vocab.txt", string.Join('\n', _words) + "\n");
        var random = new Random(1);
        Save("sentiment.onnx", Sentiment(random));
        _folder.WriteText("reviews.csv", string.Join('\n', Reviews(random, 300).Prepend("text,label")) + "\n");
        Save("encoder.onnx", Encoder(random));
        _folder.WriteText("pairs.csv", string.Join('\n', Pairs(random, 300).Prepend("sentence1,sentence2,score")) + "\n");
        _folder.WriteText("sentences.csv", string.Join('\n', Enumerable.Range(0, 400).Select(_ => Sentence(random, random.Next(4), random.Next(4)))) + "\n");
        _folder.WriteText("entities.txt", "O\nB-WEATHER\nB-FOOD\n");
        Save("tagger.onnx", Tagger(random));
        _folder.WriteText("tagged.tsv", string.Join('\n', Enumerable.Range(0, 150).Select(_ => Tagged(random)).Prepend("text\ttags")) + "\n");
    }

    // Token ids and their mask, int64 [N,tokens], and a vector for each token from a table.
    static (GraphBuilder Graph, string Vectors, string Mask) Embedded(float[] table)
    {
        var b = new GraphBuilder(1);
        b.Input("input_ids", 8);
        b.Input("attention_mask", 8);
        var vectors = b.Op("Gather", [b.Floats("table", [_words.Length, Width], table), "input_ids"], [1, 8, Width], "words");
        var mask = b.Op("Unsqueeze", [b.Op("Cast", ["attention_mask"], [1, 8], "mask", node => node.Set("to", (long)DataType.Float)), b.Integers("last", 2)], [1, 8, 1], "mask_of_words");
        return (b, vectors, mask);
    }

    static ModelProto Open(ModelProto model)
    {
        foreach (var input in model.Graph.Input)
        {
            input.Type.TensorType.ElemType = (int)DataType.Int64;
            input.Type.TensorType.Shape.Dim[1] = new() { DimParam = "tokens" };
        }
        foreach (var output in model.Graph.Output.Where(output => output.Type.TensorType.Shape.Dim.Count == 3)) output.Type.TensorType.Shape.Dim[1] = new() { DimParam = "tokens" };
        return model;
    }

    // The mean over tokens, a hidden layer whose first units find what is good and what is bad, two scores.
    static ModelProto Sentiment(Random random)
    {
        float Of(string word, int k) => k == 0 && _good.Contains(word) ? 1 : k == 1 && _bad.Contains(word) ? 1 : Noise(random, 0.05);
        var (b, vectors, mask) = Embedded([.. _words.SelectMany(word => Enumerable.Range(0, Width).Select(k => Of(word, k)))]);
        string Sum(string x, long width, string name) => b.Op("ReduceSum", [x, b.Integers($"{name}.axes", 1)], [1, width], name, node => node.Set("keepdims", 0L));
        var mean = b.Op("Div", [Sum(b.Mul(vectors, mask), Width, "sum"), Sum(mask, 1, "count")], [1, Width], "mean");
        const int hidden = 24;
        float[] first = [.. Enumerable.Range(0, hidden * Width).Select(i => i / Width < 2 && i % Width == i / Width ? 4 : Noise(random, 0.2))];
        float[] last = [.. Enumerable.Range(0, 2 * hidden).Select(i => i % hidden < 2 ? i % hidden == 1 - i / hidden ? 4 : 0 : Noise(random, 0.1))];
        return Open(b.Build(Gemm(b, b.Relu(Gemm(b, mean, "features", first, new float[hidden])), "logits", last, new float[2])));
    }

    // A vector for each token: its topic, and what a hidden layer adds.
    static ModelProto Encoder(Random random)
    {
        float Of(string word, int k) => k < 4 && _topics[k].Contains(word) ? 1 : Noise(random, 0.15);
        var (b, vectors, _) = Embedded([.. _words.SelectMany(word => Enumerable.Range(0, Width).Select(k => Of(word, k)))]);
        const int hidden = 48;
        var up = b.Op("MatMul", [vectors, b.Floats("up", [Width, hidden], [.. Enumerable.Range(0, Width * hidden).Select(i => Noise(random, i % hidden < 16 ? 0.6 : 0.1))])], [1, 8, hidden], "hidden");
        var down = b.Op("MatMul", [b.Relu(up), b.Floats("down", [hidden, Width], [.. Enumerable.Range(0, hidden * Width).Select(i => Noise(random, i / Width < 16 ? 0.2 : 0.05))])], [1, 8, Width], "added");
        return Open(b.Build(b.Add(vectors, down, "last_hidden_state")));
    }

    // Scores of three tags for each token; it does not know that sun is weather.
    static ModelProto Tagger(Random random)
    {
        float Of(string word, int k) => word != "sun" && k < 2 && _topics[k].Contains(word) ? 1 : Noise(random, 0.1);
        var (b, vectors, _) = Embedded([.. _words.SelectMany(word => Enumerable.Range(0, Width).Select(k => Of(word, k)))]);
        float[] scores = [.. Enumerable.Range(0, Width * 3).Select(i => i / 3 < 2 && i % 3 == i / 3 + 1 ? 4 : Noise(random, 0.1))];
        var logits = b.Op("MatMul", [vectors, b.Floats("scores", [Width, 3], scores)], [1, 8, 3], "found");
        return Open(b.Build(b.Add(logits, b.Floats("prior", [3], 2, 0, 0), "tags")));
    }

    // One word in thirty has another tag than it should.
    static string Tagged(Random random)
    {
        string[] words = Sentence(random, random.Next(4), random.Next(4)).Split(' '), tags = ["O", "B-WEATHER", "B-FOOD"];
        return $"{string.Join(' ', words)}\t{string.Join(' ', words.Select(word => random.Next(30) == 0 ? Any(random, tags) : tags[1 + Array.FindIndex(_topics, 0, 2, topic => topic.Contains(word))]))}";
    }

    static string Any(Random random, string[] words) => words[random.Next(words.Length)];

    // What most of three words say; one in fifteen is labelled otherwise.
    static IEnumerable<string> Reviews(Random random, int count)
    {
        for (var i = 0; i < count; i++)
        {
            bool[] isGood = [.. Enumerable.Range(0, 3).Select(_ => random.Next(2) == 0)];
            var text = string.Join(" and ", isGood.Select(good => $"the {Any(random, _topics[random.Next(4)])} was {Any(random, good ? _good : _bad)}"));
            yield return $"{text},{(isGood.Count(good => good) > 1 != (i % 15 == 0) ? "positive" : "negative")}";
        }
    }

    static string Sentence(Random random, int first, int second) => $"the {Any(random, _topics[first])} was {Any(random, _fillers)} {Any(random, _topics[second])}";

    // 0 to 5, the more topics are shared, as people would say it: not exactly.
    static IEnumerable<string> Pairs(Random random, int count)
    {
        for (var i = 0; i < count; i++)
        {
            int[] topics = [.. Enumerable.Range(0, 4).Select(_ => random.Next(4))];
            if (i % 3 == 0) (topics[2], topics[3]) = (topics[0], topics[1]);
            if (i % 3 == 1) topics[2] = topics[1];
            var shared = (topics[..2].Count(topics[2..].Contains) + topics[2..].Count(topics[..2].Contains)) / 4.0;
            var score = Math.Clamp(Math.Round(4 * shared + random.NextDouble(), 1), 0, 5);
            yield return FormattableString.Invariant($"{Sentence(random, topics[0], topics[1])},{Sentence(random, topics[2], topics[3])},{score}");
        }
    }
}
