using System.Globalization;
using OnnxEdit.Engine;
using OnnxEdit.Kernels;
using OnnxEdit.Surgery;

namespace OnnxEdit.Benchmarks;

/// <summary>
/// How fast a forgotten class is learned again from labelled images: the edited model against the original whose head
/// has a random row for that class, and so knows it in its features only.
/// </summary>
static class Relearning
{
    /// <summary>Runs: model, class, steps.</summary>
    public static int Run(string[] args)
    {
        var (source, @class, steps) = (SharedCifar.Model(args[0]), Whole(args[1]), Whole(args[2]));
        var data = SharedCifar.Data(args[0], 0);
        var edited = Unlearner.Unlearn(source, UnlearnData.Of(data), new UnlearnOptions { Classes = [@class] }).Model;
        int[] own = [.. Enumerable.Range(0, data.Test!.Count).Where(i => data.Test.Label(i) == @class)];
        // Looks at the test images of the class; nothing is chosen by them but the model kept, which is thrown away.
        var looked = new ModelData("images of the class to look at") { Train = data.Train, Validation = data.Test.Select(own) };
        var options = new FinetuneOptions { Steps = steps, Looks = 10, Flip = true, Shift = 4 };
        var curves = ((OnnxModel[])[edited, RandomRow(source, @class)]).Select(m => Finetuner.Finetune(m, looked, options).Report.Curve).ToArray();
        Console.WriteLine($"{args[0]}, class {@class}, accuracy % on its {own.Length} test images");
        Console.WriteLine("| steps on labels | edited | original, row of the head random |");
        Console.WriteLine("|---|---|---|");
        foreach (var (a, b) in curves[0].Zip(curves[1]))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {a.Step} | {100 * a.Top1:F2} | {100 * b.Top1:F2} |"));
        return 0;
    }

    // The row is drawn with the mean and spread of the others; the bias is their mean.
    static OnnxModel RandomRow(OnnxModel source, int @class)
    {
        var model = NormalisedModel.Create(source.Proto);
        var head = ClassifierHead.Of(model, ClassifierSignature.Of(source.Proto).LogitsName);
        var (weights, bias) = head.Unit.Read();
        var others = Enumerable.Range(0, head.Classes).Where(c => c != @class).ToArray();
        double[] values = [.. others.SelectMany(c => Enumerable.Range(0, weights.GetLength(1)).Select(k => (double)weights[c, k]))];
        var mean = values.Average();
        var deviation = Math.Sqrt(values.Average(v => (v - mean) * (v - mean)));
        var random = new Philox4x32(0);
        for (var k = 0; k < weights.GetLength(1); k++) weights[@class, k] = (float)(mean + deviation * random.NextGaussian());
        bias[@class] = others.Average(c => bias[c]);
        head.Unit.Write(weights, bias);
        return source.With(model.Proto);
    }

    static int Whole(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
