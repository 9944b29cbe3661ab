using System.Globalization;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Benchmarks;

/// <summary>Trains a small language model on made-up text and writes it with texts that it has not seen: something for coar to explain.</summary>
static class LanguageSample
{
    const int Length = 24, Batch = 32, Tests = 500;

    /// <summary>Runs: folder, steps.</summary>
    public static int Run(string[] args)
    {
        var (folder, steps) = (args[0], args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1500);
        var (words, gpt) = (Sentences.Words.Length, new SmallGpt(Sentences.Words.Length, Length, 0).Build());
        var (training, signature) = WithFlatScores(gpt.Proto);
        using var session = TrainingSession.Create(training, signature, new TrainingSessionOptions { Batch = Batch });
        var (rule, text) = (new Adam { StepSize = 0 }, new Sentences(1));
        for (var step = 0; step < steps; step++)
        {
            Fill(session, text.Tokens(Batch, Length), words);
            rule.StepSize = 3e-3 * StepSchedule.Factor((double)step / steps, 0.05);
            var (loss, _) = session.Step(rule, limit: 1);
            if (step % 100 == 0 || step == steps - 1) Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {step}: {loss:F3} nats a token"));
        }
        foreach (var w in session.Weights) TensorData.SetFloats(gpt.Proto.Graph.Initializer.First(t => t.Name == w.Name), w.Values);

        Directory.CreateDirectory(folder);
        gpt.Save(Path.Combine(folder, "gpt.onnx"), overwrite: true, CancellationToken.None);
        var tests = new Sentences(2).Tokens(Tests, Length);
        using (var file = File.Create(Path.Combine(folder, "texts.npz")))
        using (var npz = new NpzWriter(file)) npz.Add("tokens", NpyArray.From<long>(tests, Tests, Length));
        File.WriteAllLines(Path.Combine(folder, "words.txt"), Sentences.Words);
        Console.WriteLine($"wrote {folder}/gpt.onnx ({session.Weights.Sum(w => w.Values.Length):N0} weights, {words} words) and texts.npz ({Tests} texts of {Length} tokens)");
        return 0;
    }

    // The same weights; tokens as numbers, and the scores of all but the last token as rows of one matrix.
    static (NormalisedModel, ClassifierSignature) WithFlatScores(ModelProto gpt)
    {
        var copy = gpt.Clone();
        var graph = copy.Graph;
        graph.Input[0].Type.TensorType.ElemType = (int)DataType.Float;
        List<NodeProto> first = [];
        new NodeWriter(first, graph).Cast("tokens", DataType.Int64);
        foreach (var node in graph.Node.Where(n => n.Input.Contains("tokens"))) node.Input[node.Input.IndexOf("tokens")] = first[0].Output[0];
        graph.Node.Insert(0, first[0]);
        var w = new NodeWriter(graph.Node, graph);
        w.Reshape(w.Slice("scores", [0], [-1], [1], [1]), [-1, Sentences.Words.Length], "flat");
        graph.Output[0] = new ValueInfoProto { Name = "flat", Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float } } };
        return (NormalisedModel.Create(copy), new ClassifierSignature
        {
            Inputs = [new ModelInput("tokens", DataType.Float, InputGeometry.FromShape([Length]), 2)],
            OutputName = "flat",
            LogitsName = "flat",
            LogitsType = DataType.Float,
        });
    }

    static void Fill(TrainingSession session, long[] tokens, int words)
    {
        Array.Clear(session.Targets);
        for (var i = 0; i < tokens.Length; i++)
        {
            session.Images[i] = tokens[i];
            var (text, at) = (i / Length, i % Length);
            if (at > 0) session.Targets[(text * (Length - 1) + at - 1) * words + tokens[i]] = 1;
        }
    }
}
