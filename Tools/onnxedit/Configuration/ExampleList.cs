using System.Globalization;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>
/// Labelled examples as the user names them: "class:3" or "class:3:20" (training images of a class), "random:50" (of any),
/// "test:17,18" or "train:3" (items of the data), else a path to data of its own, normalised like --data.
/// </summary>
sealed class ExampleList(ModelAndData inputs, ModelData data)
{
    /// <summary>Examples of a class or at random where no number is given.</summary>
    const int Usual = 50;

    /// <summary>Finds examples.</summary>
    /// <exception cref="OnnxEngineException">There are none of that kind, or they have no labels.</exception>
    internal ItemSet Find(string text)
    {
        var images = text.Split(':') switch
        {
            ["class", var name] => OfClass(name, Usual),
            ["class", var name, var count] => OfClass(name, Number(count, text)),
            ["mistakes"] => Mistakes(Usual),
            ["mistakes", var count] => Mistakes(Number(count, text)),
            ["random"] => Random(Usual),
            ["random", var count] => Random(Number(count, text)),
            [("test" or "train") and var part, var items] => Items(part, items, text),
            _ => Own(text),
        };
        for (var i = 0; i < images.Count; i++)
            if (images.Label(i) < 0) throw new OnnxEngineException(ErrorKind.Data, $"An example of '{text}' has no label; what its answer should be depends on it.");
        return images;
    }

    ItemSet Train => data.Train ?? throw new OnnxEngineException(ErrorKind.Data, "The data has no training items to take examples from; give other data with --data.");

    ItemSet OfClass(string name, int count)
    {
        var label = ClassNames.Find(name, data.ClassNames);
        var train = Train;
        int[] found = [.. Enumerable.Range(0, train.Count).Where(i => train.Label(i) == label).Take(count)];
        return found.Length > 0 ? train.Select(found) : throw new OnnxEngineException(ErrorKind.Data, $"There is no training item of class {name}.");
    }

    // Test images that the model gets wrong, evenly over all of them.
    ItemSet Mistakes(int count)
    {
        var test = data.Test is { IsLabelled: true } found ? found : throw new OnnxEngineException(ErrorKind.Data, "There are no labelled test items to find mistakes among; give --data or --eval-data.");
        var correct = Evaluator.Evaluate(inputs.Model, test, inputs.Evaluation).Correct;
        int[] wrong = [.. Enumerable.Range(0, test.Count).Where(i => test.Label(i) >= 0 && !correct[i])];
        if (wrong.Length == 0) throw new OnnxEngineException(ErrorKind.Data, $"The model gets all {Figures.Count(test.Count)} test items right.");
        return test.Select([.. wrong.Where((_, at) => at % Math.Max(1, wrong.Length / count) == 0).Take(count)]);
    }

    ItemSet Random(int count)
    {
        var train = Train;
        int[] labelled = [.. Enumerable.Range(0, train.Count).Where(i => train.Label(i) >= 0)];
        // A stride over what the seed has shuffled already.
        return train.Select([.. labelled.Where((_, at) => at % Math.Max(1, labelled.Length / count) == 0).Take(count)]);
    }

    ItemSet Items(string part, string items, string text)
    {
        var images = (part == "test" ? data.Test : data.Train) ?? throw new OnnxEngineException(ErrorKind.Data, $"'{text}' names items of the data, but there is no {part} part; give --data.");
        int[] indices = [.. items.Split(',').Select(i => Number(i, text))];
        return indices.FirstOrDefault(i => i >= images.Count, -1) is var wrong && wrong < 0 ? images.Select(indices)
            : throw new OnnxEngineException(ErrorKind.Data, $"There is no item {wrong} in the {part} part; it has {Figures.Count(images.Count)}, counted from 0.");
    }

    ItemSet Own(string path)
    {
        var options = inputs.DataOptions(testOnly: true) with { Path = path, EvalPath = null };
        return ModelData.Open(options, inputs.Signature.Inputs).Test
            ?? throw new OnnxEngineException(ErrorKind.Data, $"'{path}' holds no labelled examples.");
    }

    static int Number(string text, string whole) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw new OnnxEngineException(ErrorKind.Usage, $"'{whole}' does not name examples; write class:NAME, class:NAME:COUNT, random:COUNT, mistakes:COUNT, train:I,J, test:I,J or a path.");
}
