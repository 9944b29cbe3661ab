using System.Globalization;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Unlearning;

namespace OnnxEdit.Fuzz;

/// <summary>The same data sets through a whole edit: whoever asks to unlearn a label gets a model without its class, or a refusal.</summary>
static class LabelVerbs
{
    /// <summary>Runs: number of data sets, seed.</summary>
    public static int Run(string[] args)
    {
        int Whole(int at, int otherwise) => args.Length > at ? int.Parse(args[at], CultureInfo.InvariantCulture) : otherwise;
        var (count, seed) = (Whole(0, 100), Whole(1, 0));
        using var sample = new SampleImages();
        var (edited, refused, wrong) = (0, 0, 0);
        for (var number = 0; number < count; number++)
        {
            var set = LabelSet.Draw(new Random(unchecked(seed * 1_000_003 + number)), sample.Stored);
            try
            {
                Unlearner.Unlearn(sample.Model, UnlearnData.Of(sample.Open(set)), new UnlearnOptions { Classes = [set.Asked] });
                edited++;
                if (set.Classes[set.Asked].Contains(set.Asked)) continue;
                wrong++;
                Console.WriteLine($"{number} ({set.Kind}, {set.Labels.Count} items): label {set.Asked} is class {string.Join(" or ", set.Classes[set.Asked])} and class {set.Asked} was unlearned");
            }
            catch (OnnxEngineException)
            {
                refused++;
            }
        }
        Console.WriteLine($"{count:N0} data sets: {edited:N0} edits, {refused:N0} refusals, {wrong:N0} edits of the wrong class");
        return wrong == 0 ? 0 : 1;
    }
}
