using System.Globalization;
using OnnxEdit.Engine.Data.Text;
using OnnxEdit.Engine.Tasks.Sequences;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>The command line of a report, complete: nothing in it comes from a configuration file.</summary>
static class ReportCommandLine
{
    internal static string Of(GlobalOptions global, ModelAndData inputs, OnnxModel? before, string target, int? limit)
    {
        List<string> words = ["onnxedit", "report", Quote(inputs.Path)];
        if (before is not null) Add("--before", before.Path!);
        if (inputs.DataPath is { } data) Add(inputs.IsEvalOnly ? "--eval-data" : "--data", data);
        if (inputs.EvalPath is { } test) Add("--eval-data", test);
        if (inputs.HasData && inputs.Preprocessing is { } pixels && Figures.Options(pixels) is { Length: > 0 } options) words.Add(options);
        if (inputs.Labels is { } labels) Add("--labels", string.Join(',', labels.Select(l => FormattableString.Invariant($"{l.Key}={l.Value}"))));
        if (inputs.Output is { } output) Add("--output", output);
        if (inputs.Task is { } task) Add("--task", task);
        if (inputs.Pooling is { } pooling) Add("--pool", pooling);
        if (inputs.Alphabet is { } alphabet && alphabet != SymbolList.Beside(inputs.Path)) Add("--alphabet", alphabet);
        if (inputs.HasData && inputs.Columns is { } columns) Add("--columns", string.Join(',', columns));
        if (inputs.HasData && inputs.Tokenizer is { } tokenizer && tokenizer != TextTokenizer.Beside(inputs.Path)) Add("--tokenizer", tokenizer);
        foreach (var (name, shape) in inputs.InputShapes ?? new Dictionary<string, long[]>())
            Add("--input-shape", $"{name}:{InputShapeOption.Text(shape)}");
        if (limit is { } images) Add("--limit", images.ToString(CultureInfo.InvariantCulture));
        Add("--seed", global.Seed.ToString(CultureInfo.InvariantCulture));
        if (global.Threads > 0) Add("--threads", global.Threads.ToString(CultureInfo.InvariantCulture));
        if (global.DeviceName != Device.Cpu) Add("--device", global.DeviceName);
        Add("-o", target);
        return string.Join(' ', words);

        void Add(string name, string value) => words.AddRange([name, Quote(value)]);
    }

    /// <summary>A word as a POSIX shell takes it.</summary>
    static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./,:=+@%".Contains(c, StringComparison.Ordinal)) ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
