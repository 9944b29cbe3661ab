using System.Globalization;
using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data;

/// <summary>Shares data out into calibration, validation and test items.</summary>
static class DataSplitter
{
    internal static ModelData Split(DataOptions options, IReadOnlyList<ModelInput> inputs)
    {
        if (options.Calibration < 0 || options.Validation < 0)
            throw new OnnxEngineException(ErrorKind.Usage, "The numbers of calibration and validation images cannot be negative.");
        if (options.Path.StartsWith("random:", StringComparison.Ordinal))
            return RandomInputs.Open(options, inputs);
        if (inputs.Count == 0)
            throw new OnnxEngineException(ErrorKind.Model, "The model has no input, so no data can be fed to it.");

        var input = inputs[0].Geometry;
        if (options.Preprocessing?.Layout is { } layout)
            input = input with { Layout = layout };
        var several = inputs.Count > 1 ? SeveralInputs.Open(options.Path, inputs) : null;
        var parts = several is null ? DataFormat.Open(options.Path, input) : new DataParts { Format = "an .npz file with one array per input" };
        var said = new List<string>();
        if (parts.Note is not null)
            said.Add(parts.Note);
        var sets = new DataSets(options, input);
        var train = sets.Open(parts.Train, options.Path);
        var test = sets.Open(parts.Test, options.Path);
        var whole = several ?? sets.Open(parts.Whole, options.Path);
        if (options.EvalPath is { } evalPath)
        {
            if (several is not null)
                throw new OnnxEngineException(ErrorKind.Usage, "DataOptions.EvalPath is for accuracy, which is measured on models with one input; leave it out.");
            var evaluation = DataFormat.Open(evalPath, input);
            if (parts.ClassNames is { } names && evaluation.ClassNames is { } others && !names.SequenceEqual(others))
                throw new OnnxEngineException(ErrorKind.Data, $"'{evalPath}' and '{options.Path}' name different classes; put the same classes.txt into both.");
            test = sets.Open(evaluation.Test ?? evaluation.Whole ?? evaluation.Train, evalPath);
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
            test = test.Select([.. Shuffled(test.Count, options.Seed, RandomStreams.TestDraw).Take(limit).Order()]);
            said.Add(string.Create(CultureInfo.InvariantCulture, $"{limit:N0} test items drawn"));
        }

        var found = string.Join(" and ", new[] { Items(train, "training"), Items(test, "test") }.Where(text => text is not null));
        var drawn = train is null ? null : Drawn(calibration?.Count ?? 0, validation?.Count ?? 0, options);
        return new ModelData($"{parts.Format}, {string.Join("; ", new[] { found, drawn }.Concat(said).Concat(sets.Remarks).Where(text => text is not null))}.")
        {
            Train = rest,
            Calibration = calibration,
            Validation = validation,
            Test = test,
            IsDivided = isDivided,
            ClassNames = sets.Names(parts.ClassNames),
        };
    }

    static string? Items(ItemSet? items, string part) => items is null ? null : string.Create(
        CultureInfo.InvariantCulture, $"{items.Count:N0} {(items.IsLabelled || items.Count > 0 && items.Target(0) is not null ? "" : "unlabelled ")}{part} items");

    static string Drawn(int calibration, int validation, DataOptions options)
    {
        var fewer = calibration < options.Calibration ? $" (up to {options.Calibration.ToString("N0", CultureInfo.InvariantCulture)} are taken where there are more)" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{calibration:N0} for calibration{fewer}{(validation > 0 ? $" and {validation:N0} others for validation" : "")} drawn with seed {options.Seed}");
    }

    static (ItemSet Train, ItemSet Test) Divide(ItemSet items, DataOptions options)
    {
        if (items.Count < 3)
        {
            throw new OnnxEngineException(
                ErrorKind.Data,
                $"'{options.Path}' holds {(items.Count == 1 ? "1 image" : $"{items.Count} images")}, too few to share out for calibration, validation and test; give at least 3.");
        }

        var order = Shuffled(items.Count, options.Seed, RandomStreams.Division);
        var held = Math.Max(1, (items.Count + 2) / 5);
        return (items.Select([.. order.Skip(held).Order()]), items.Select([.. order.Take(held).Order()]));
    }

    /// <summary>
    /// Validation comes from one end of the shuffled items and calibration from the other, so that another number of
    /// calibration items leaves the validation items as they are. Drawn items keep the order of the data: files are then read forwards.
    /// </summary>
    static (ItemSet? Calibration, ItemSet? Validation, ItemSet? Remaining) Draw(ItemSet? train, DataOptions options)
    {
        if (train is null)
            return default;
        var (calibration, validation) = (options.Calibration, options.Validation);
        var wanted = (long)calibration + validation;
        if (wanted > train.Count)
        {
            validation = (int)((long)train.Count * validation / wanted);
            validation = options.Validation > 0 ? Math.Max(1, validation) : 0;
            calibration = options.Calibration > 0 ? train.Count - validation : 0;
        }

        if (options.Calibration > 0 && calibration == 0)
            throw new OnnxEngineException(ErrorKind.Data, $"'{options.Path}' holds 1 training image, which cannot serve for both calibration and validation; give at least 2.");
        var order = Shuffled(train.Count, options.Seed, RandomStreams.Draw);
        ItemSet? Take(IEnumerable<int> indices) => indices.Order().ToArray() is { Length: > 0 } chosen ? train.Select(chosen) : null;
        return (Take(order.Take(calibration)), Take(order.TakeLast(validation)), Take(order.SkipLast(validation)));
    }

    static int[] Shuffled(int count, ulong seed, ulong stream)
    {
        var order = Enumerable.Range(0, count).ToArray();
        new Philox4x32(seed, stream).Shuffle<int>(order);
        return order;
    }
}
