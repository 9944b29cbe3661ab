using System.Globalization;
using OnnxEdit.Engine.Tasks;

namespace OnnxEdit.Fuzz;

/// <summary>
/// Random data sets whose labels are permuted, shifted, closed up where classes are missing, merged or split, judged by what the
/// sample predicts for its test images: no edit goes on for the wrong class, and a mapping that is offered is right.
/// </summary>
static class LabelFuzz
{
    /// <summary>Runs: number of data sets, seed; before them "verbs" for whole edits.</summary>
    public static int Run(string[] args)
    {
        if (args is ["verbs", .. var numbers]) return LabelVerbs.Run(numbers);
        int Whole(int at, int otherwise) => args.Length > at ? int.Parse(args[at], CultureInfo.InvariantCulture) : otherwise;
        var (count, seed) = (Whole(0, 10_000), Whole(1, 0));
        using var sample = new SampleImages();
        var stored = sample.Stored;
        var (offered, refused, allowed, missed, wrong) = (0, 0, 0, 0, 0);
        for (var number = 0; number < count; number++)
        {
            var set = LabelSet.Draw(new Random(unchecked(seed * 1_000_003 + number)), stored);
            var found = LabelAgreement.Of(set.Labels, set.Predicted, LabelSet.ClassCount);
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
}
