using System.Globalization;
using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Engine.Data.Text;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data;

/// <summary>Shares data out into calibration, validation and test items.</summary>
static class DataSplitter
{
    internal static ModelData Split(DataOptions options, IReadOnlyList<ModelInput> inputs)
    {
        if (options.Calibration < 0 || options.Validation < 0)
            throw new OnnxEngineException(ErrorKind.Usage, "The numbers of calibration and validation items cannot be negative.");
        if (options.Path.StartsWith("random:", StringComparison.Ordinal))
            return RandomInputs.Open(options, inputs);
        if (inputs.Count == 0)
            throw new OnnxEngineException(ErrorKind.Model, "The model has no input, so no data can be fed to it.");

        var input = inputs[0].Geometry;
        if (options.Preprocessing?.Layout is { } layout)
            input = input with { Layout = layout };
        var texts = new TextData(options, inputs);
        var sets = new DataSets(options, input, texts);
        var parts = Read(options.Path);
        var said = new List<string>();
        if (parts.Note is not null)
            said.Add(parts.Note);
        var (train, test, whole) = (parts.Train, parts.Test, parts.Whole);
        if (options.EvalPath is { } evalPath)
        {
            var evaluation = Read(evalPath);
            if (parts.ClassNames is { } names && evaluation.ClassNames is { } others && !names.SequenceEqual(others))
                throw new OnnxEngineException(ErrorKind.Data, $"'{evalPath}' and '{options.Path}' name different classes; put the same classes.txt into both.");
            test = evaluation.Test ?? evaluation.Whole ?? evaluation.Train;
            (train, whole) = (train ?? whole, null);
        }

        var isDivided = !options.TestOnly && (test is null || train is null && options.EvalPath is null);
        if (options.TestOnly)
        {
            test ??= whole ?? train;
            (train, whole) = (null, null);
        }
        else if (isDivided)
        {
            (train, test) = Divide(whole ?? train ?? test!, options);
            said.Add(string.Create(CultureInfo.InvariantCulture, $"split 80/20 with seed {options.Seed} because the data has no {(whole is null ? "second part" : "parts")}"));
        }

        var (calibration, validation, rest) = Draw(train, options);
        if (options.TestLimit is { } limit && test is not null && limit < test.Count)
        {
            test = Select(test, Shuffled(test, options.Seed, RandomStreams.TestDraw).Take(Math.Max(1, limit / test.Together)));
            said.Add(string.Create(CultureInfo.InvariantCulture, $"{test.Count:N0} test items drawn"));
        }

        var read = string.Join(" and ", new[] { Items(train, "training"), Items(test, "test") }.Where(text => text is not null));
        var drawn = train is null ? null : Drawn(calibration?.Count ?? 0, validation?.Count ?? 0, options);
        return new ModelData($"{parts.Format}, {string.Join("; ", new[] { read, drawn }.Concat(said).Concat(sets.Remarks).Concat(texts.Said).Where(text => text is not null))}.")
        {
            Train = rest,
            Calibration = calibration,
            Validation = validation,
            Test = test,
            IsDivided = isDivided,
            LongestText = texts.Longest,
            ClassNames = sets.Names(parts.ClassNames),
        };

        (string Format, IReadOnlyList<string>? ClassNames, string? Note, ItemSet? Train, ItemSet? Test, ItemSet? Whole) Read(string path)
        {
            var found = texts.TryOpen(path) ?? (inputs.Count == 1 ? DataFormat.Open(path, input) : null);
            if (found is not null)
                return (found.Format, found.ClassNames, found.Note, sets.Open(found.Train, path), sets.Open(found.Test, path), sets.Open(found.Whole, path));
            var several = SeveralInputs.Open(path, inputs);
            return ("an .npz file with one array per input", several.ClassNames, null, sets.Labelled(several.Train, path), sets.Labelled(several.Test, path), sets.Labelled(several.Whole, path));
        }
    }

    static string? Items(ItemSet? items, string part) => items is null ? null : string.Create(
        CultureInfo.InvariantCulture, $"{items.Count:N0} {(items.IsAnnotated ? "" : "unlabelled ")}{part} items");

    static string Drawn(int calibration, int validation, DataOptions options)
    {
        var fewer = calibration < options.Calibration ? $" (up to {options.Calibration.ToString("N0", CultureInfo.InvariantCulture)} are taken where there are more)" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{calibration:N0} for calibration{fewer}{(validation > 0 ? $" and {validation:N0} others for validation" : "")} drawn with seed {options.Seed}");
    }

    static (ItemSet Train, ItemSet Test) Divide(ItemSet items, DataOptions options)
    {
        var units = items.Count / items.Together;
        if (units < 3)
        {
            throw new OnnxEngineException(
                ErrorKind.Data,
                $"'{options.Path}' holds {units} {(items.Together > 1 ? "pair" : "item")}{(units == 1 ? "" : "s")}, too few to share out for calibration, validation and test; give at least 3.");
        }

        var order = Shuffled(items, options.Seed, RandomStreams.Division);
        var held = Math.Max(1, (units + 2) / 5);
        return (Select(items, order.Skip(held)), Select(items, order.Take(held)));
    }

    /// <summary>
    /// Validation comes from one end of the shuffled items and calibration from the other, so that another number of
    /// calibration items leaves the validation items as they are. Drawn items keep the order of the data: files are then read forwards.
    /// </summary>
    static (ItemSet? Calibration, ItemSet? Validation, ItemSet? Remaining) Draw(ItemSet? train, DataOptions options)
    {
        if (train is null)
            return default;
        var units = train.Count / train.Together;
        var (calibration, validation) = ((options.Calibration + train.Together - 1) / train.Together, (options.Validation + train.Together - 1) / train.Together);
        var wanted = (long)calibration + validation;
        if (wanted > units)
        {
            validation = (int)((long)units * validation / wanted);
            validation = options.Validation > 0 ? Math.Max(1, validation) : 0;
            calibration = options.Calibration > 0 ? units - validation : 0;
        }

        if (options.Calibration > 0 && calibration == 0)
            throw new OnnxEngineException(ErrorKind.Data, $"'{options.Path}' holds 1 training item, which cannot serve for both calibration and validation; give at least 2.");
        var order = Shuffled(train, options.Seed, RandomStreams.Draw);
        ItemSet? Take(IEnumerable<int> chosen) => chosen.Any() ? Select(train, chosen) : null;
        return (Take(order.Take(calibration)), Take(order.TakeLast(validation)), Take(order.SkipLast(validation)));
    }

    // Units are items, or as many that follow one another as stay together.
    static ItemSet Select(ItemSet items, IEnumerable<int> units) =>
        items.Select([.. units.Order().SelectMany(unit => Enumerable.Range(unit * items.Together, items.Together))]);

    static int[] Shuffled(ItemSet items, ulong seed, ulong stream)
    {
        var order = Enumerable.Range(0, items.Count / items.Together).ToArray();
        new Philox4x32(seed, stream).Shuffle<int>(order);
        return order;
    }
}
