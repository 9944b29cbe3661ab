using System.Globalization;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Sample;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Fuzz;

/// <summary>
/// Random data sets whose labels are permuted, shifted, closed up where classes are missing, merged or split, judged by what the
/// sample predicts for its test images: no edit goes on for the wrong class, and a mapping that is offered is right.
/// </summary>
static class LabelFuzz
{
    const int Classes = 10;

    /// <summary>Runs: number of data sets, seed.</summary>
    public static int Run(string[] args)
    {
        int Whole(int at, int otherwise) => args.Length > at ? int.Parse(args[at], CultureInfo.InvariantCulture) : otherwise;
        var (count, seed) = (Whole(0, 10_000), Whole(1, 0));
        var stored = Stored();
        var (offered, refused, allowed, missed, wrong) = (0, 0, 0, 0, 0);
        for (var number = 0; number < count; number++)
        {
            var set = DataSet.Draw(new Random(unchecked(seed * 1_000_003 + number)), stored);
            var found = LabelAgreement.Of(set.Labels, set.Predicted, Classes);
            var isRefused = found.Doubt() is not null || LabelAgreement.TakenFor(set.Labels, set.Predicted, set.Asked) != set.Asked;
            if (isRefused) refused++;
            else allowed++;
            if (isRefused && set.Classes.All(c => c.Value.SetEquals([c.Key]))) missed++;
            string? fault = null;
            if (!isRefused && !set.Classes[set.Asked].Contains(set.Asked)) fault = $"label {set.Asked} is class {string.Join(" or ", set.Classes[set.Asked])} and would be edited as class {set.Asked}";
            if (found.Mapping is { } mapping)
            {
                offered++;
                foreach (var (label, meant) in mapping.Where(m => !set.Classes[m.Key].Contains(m.Value)))
                    fault = $"the mapping {found.MappingText()} is offered, and label {label} is class {string.Join(" or ", set.Classes[label])}, not {meant}";
            }
            if (fault is null) continue;
            wrong++;
            Console.WriteLine($"{number} ({set.Kind}, {set.Labels.Count} items): {fault}");
        }
        Console.WriteLine($"{count:N0} data sets: {allowed:N0} edits go on, {refused:N0} are refused ({missed:N0} of them of labels that are right), {offered:N0} mappings offered, {wrong:N0} faults");
        return wrong == 0 ? 0 : 1;
    }

    // What the sample predicts for its 2,000 test images.
    static Evaluation Stored()
    {
        var folder = Directory.CreateTempSubdirectory("onnxedit-fuzz-").FullName;
        try
        {
            SampleFolder.Write(folder);
            var model = OnnxModel.Load(Path.Combine(folder, "model.onnx"));
            var options = new DataOptions { Path = Path.Combine(folder, "data"), Preprocessing = new Preprocessing { Mean = [0.5f], Std = [0.25f] } };
            return Evaluator.Evaluate(model, ModelData.Open(options, ModelSignature.Of(model.Proto).Inputs).Test!);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>One data set: labels, what is predicted, the classes of each label, and the label that is asked to be edited.</summary>
    sealed record DataSet(string Kind, IReadOnlyList<int> Labels, IReadOnlyList<int> Predicted, IReadOnlyDictionary<int, HashSet<int>> Classes, int Asked)
    {
        static readonly string[] _kinds = ["as it is", "shifted", "permuted", "two swapped", "missing, closed up", "missing", "merged", "split"];

        public static DataSet Draw(Random random, Evaluation stored)
        {
            var kind = random.Next(_kinds.Length);
            int[] order = [.. Enumerable.Range(0, LabelFuzz.Classes)];
            var kept = order.ToHashSet();
            if (_kinds[kind].StartsWith("missing", StringComparison.Ordinal)) foreach (var c in order.OrderBy(_ => random.Next()).Take(random.Next(1, 6)).ToArray()) kept.Remove(c);
            // From classes to labels.
            var label = _kinds[kind] switch
            {
                "shifted" => Shifted(order, random.Next(1, LabelFuzz.Classes)),
                "permuted" => [.. order.OrderBy(_ => random.Next())],
                "two swapped" => Swapped(order, random),
                "missing, closed up" => [.. order.Select(c => kept.Count(k => k < c))],
                _ => (int[])order.Clone(),
            };
            if (_kinds[kind] == "merged") label[random.Next(5)] = label[5 + random.Next(5)];
            var halves = _kinds[kind] == "split" ? random.Next(LabelFuzz.Classes) : -1;
            var each = random.Next(3, 120);
            List<int> labels = [], predicted = [];
            var classes = new Dictionary<int, HashSet<int>>();
            foreach (var c in kept)
            {
                int[] items = [.. Enumerable.Range(0, stored.Count).Where(i => stored.Labels[i] == c)];
                random.Shuffle(items);
                foreach (var i in items.Take(each))
                {
                    var own = c == halves && predicted.Count % 2 == 0 ? LabelFuzz.Classes : label[c];
                    if (!classes.TryGetValue(own, out var meant)) classes[own] = meant = [];
                    meant.Add(c);
                    labels.Add(own);
                    predicted.Add(stored.Predicted[i]);
                }
            }
            int[] all = [.. classes.Keys.Where(l => l < LabelFuzz.Classes)];
            return new DataSet(_kinds[kind], labels, predicted, classes, all[random.Next(all.Length)]);
        }

        static int[] Shifted(int[] order, int by) => [.. order.Select(c => (c + by) % LabelFuzz.Classes)];

        static int[] Swapped(int[] order, Random random)
        {
            var swapped = (int[])order.Clone();
            var (a, b) = (random.Next(5), 5 + random.Next(5));
            (swapped[a], swapped[b]) = (b, a);
            return swapped;
        }
    }
}
