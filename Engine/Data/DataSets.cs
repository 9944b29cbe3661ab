using System.Diagnostics.CodeAnalysis;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Data.Text;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data;

/// <summary>Makes sources ready for the model: preprocessing, and labels translated and checked.</summary>
sealed class DataSets(DataOptions options, InputGeometry input, TextData? texts = null)
{
    readonly List<string> _remarks = [];

    /// <summary>What the reader should know about the items opened so far.</summary>
    internal IReadOnlyList<string> Remarks => _remarks;

    internal ItemSet? Open(DataSource? source, string path)
    {
        if (source is null)
            return null;
        if (source.Count == 0)
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' holds no items.");
        var items = source switch
        {
            PixelSource pixels => new PixelItemSet(pixels, input, Normalisation(path)),
            TextSource text => texts!.Items(text),
            ArraySource array => (ItemSet)new ArrayItemSet(array, input),
            _ => throw new NotSupportedException(source.GetType().Name),
        };
        if (source is ArraySource && options.Preprocessing is { IsNormalised: true })
            Remark("arrays are taken as they are, without mean and std");
        return Labelled(items, path);
    }

    /// <summary>Items with their labels translated and checked.</summary>
    [return: NotNullIfNotNull(nameof(items))]
    internal ItemSet? Labelled(ItemSet? items, string path)
    {
        if (items is null)
            return null;
        if (options.LabelMap is not null)
            items = Translate(items, options.LabelMap, path);
        CheckLabels(items, path);
        return items;
    }

    /// <summary>Class names by model output: those of the data, moved to where the label map puts them.</summary>
    internal IReadOnlyList<string>? Names(IReadOnlyList<string>? names)
    {
        if (names is null || options.LabelMap is not { Count: > 0 } map)
            return names;
        var outputs = new string[Math.Max(options.Outputs ?? 0, map.Values.Max() + 1)];
        for (var output = 0; output < outputs.Length; output++)
        {
            var own = map.Where(pair => pair.Value == output && pair.Key < names.Count).OrderBy(pair => pair.Key).Select(pair => names[pair.Key]);
            outputs[output] = string.Join("/", own) is { Length: > 0 } joined ? joined : $"{output}";
        }

        return outputs;
    }

    Preprocessing Normalisation(string path)
    {
        if (input.IsUInt8)
            return (options.Preprocessing ?? Preprocessing.Raw) with { Scale = 1, Mean = [0], Std = [1] };
        if (options.Preprocessing is not { IsNormalised: true } given)
        {
            throw new OnnxEngineException(
                ErrorKind.Data,
                $"'{path}' holds 8-bit pixels and nothing says how the model normalises them; give Preprocessing.Mean and Preprocessing.Std, or try Preprocessing.KnownVariants.");
        }

        if (given.Mean is null || given.Std is null)
            Remark(given.Mean is null ? "mean 0 assumed" : "std 1 assumed");
        return given;
    }

    void Remark(string text)
    {
        if (!_remarks.Contains(text))
            _remarks.Add(text);
    }

    ItemSet Translate(ItemSet items, IReadOnlyDictionary<int, int> map, string path)
    {
        if (items.Count > 0 && items.Target(0) is ObjectsTarget)
        {
            Remark("objects of other classes left out");
            return new RelabelledItemSet(items, map);
        }
        if (!items.IsLabelled)
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' has no labels to map to outputs; leave DataOptions.LabelMap out.");
        var kept = Enumerable.Range(0, items.Count).Where(index => map.ContainsKey(items.Label(index))).ToArray();
        if (kept.Length == 0)
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' has none of the labels {string.Join(", ", map.Keys.Order())}; check DataOptions.LabelMap.");
        Remark("other labels left out");
        return new RelabelledItemSet(items, map).Select(kept);
    }

    void CheckLabels(ItemSet items, string path)
    {
        if (options.Outputs is not { } outputs)
            return;
        for (var index = 0; index < items.Count; index++)
        {
            if (items.Label(index) >= outputs)
            {
                throw new OnnxEngineException(
                    ErrorKind.Data,
                    $"'{path}' has the label {items.Label(index)} (item {index}) but the model has {outputs} outputs, counted from 0; translate with DataOptions.LabelMap = DATA=OUTPUT.");
            }
        }
    }
}
