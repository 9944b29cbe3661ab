using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using OnnxEdit.Engine;

namespace OnnxEdit.Cli;

/// <summary>Makes a classifier forget a class.</summary>
sealed class UnlearnCommand : CliCommand
{
    static readonly Dictionary<string, UnlearnMethod> _methods = new()
    {
        ["refit"] = UnlearnMethod.Refit,
        ["discedit-u"] = UnlearnMethod.DisceditU,
        ["suppress-logit"] = UnlearnMethod.SuppressLogit,
    };

    readonly ModelAndDataOptions _inputs = new(hasCalibration: true, defaultCalibration: 5000);
    readonly Option<string[]> _classes = new("--class") { Description = "Class to forget, by number or name; several with commas or by repeating the option", HelpName = "CLASS,..." };
    readonly Option<string> _method = Numbers.OneOf("--method", [.. _methods.Keys], "refit", "How; suppress-logit only hides the class and is for comparison");
    readonly Option<double?> _retainDrop = Numbers.OptionalReal("--retain-drop", 0, 100, "Points of accuracy that the other classes may lose on held-out training images [default: 0.3, if it can be had]");
    readonly Option<double?> _forgetTarget = Numbers.OptionalReal("--forget-target", 0, 100, "Accuracy in percent that the class may keep on them [default: 1, if it can be had]");
    readonly Option<double> _deviations = Numbers.Positive("--deviations", 2, "discedit-u: take channels whose score is this many standard deviations above the mean of their layer");
    readonly Option<double?> _tail = Numbers.OptionalReal("--tail", 0, 1.0001, "discedit-u: share of the layers to look at, from the end [default: 0.333]");
    readonly Option<string?> _out = new("--out", "-o") { Description = "Where to write [default: NAME.unlearn.onnx beside the model]", HelpName = "FILE" };

    internal UnlearnCommand() : base(
        "unlearn",
        "Makes a classifier forget a class by editing its body, in closed form, and measures what is left: accuracy, and how well a linear rule still reads the class out of the features.",
        "onnxedit unlearn model.onnx --class 5 --data cifar10 --mean .485,.456,.406 --std .229,.224,.225",
        "onnxedit unlearn --class cat,dog -o safe.onnx",
        "onnxedit unlearn model.onnx --class 5 --data images --retain-drop 0.5 --forget-target 2")
    {
        _inputs.AddTo(this);
        foreach (var option in new Option[] { _classes, _method, _retainDrop, _forgetTarget, _deviations, _tail, _out }) Options.Add(option);
    }

    internal override void Execute(CommandContext context)
    {
        var inputs = _inputs.Resolve(context);
        inputs.RequireClassifier();
        string[] wanted = [.. (context.Get(_classes) ?? []).SelectMany(c => c.Split(',')).Select(c => c.Trim()).Where(c => c.Length > 0)];
        if (wanted.Length == 0) throw new OnnxEngineException(ErrorKind.Usage, "Name the class to forget, e.g. --class 5.");
        var target = OutputTarget.Resolve(context.Get(_out), inputs, "unlearn", context.Global.Force);
        var data = inputs.OpenData(context.Output);
        var watch = Stopwatch.StartNew();
        var (drop, forget) = (context.Get(_retainDrop), context.Get(_forgetTarget));
        var options = new UnlearnOptions
        {
            Classes = [.. wanted.Select(w => ClassOf(w, data.ClassNames)).Distinct()],
            Method = _methods[context.Get(_method)!],
            MustReach = drop is not null || forget is not null,
            Calibration = inputs.Calibration,
            Deviations = context.Get(_deviations),
            Seed = context.Global.Seed,
            Evaluation = inputs.Evaluation,
        };
        options = options with
        {
            RetainDrop = drop ?? options.RetainDrop,
            ForgetTarget = forget ?? options.ForgetTarget,
            Tail = Math.Min(1, context.Get(_tail) ?? options.Tail),
        };
        var result = context.Output.Track(progress => Unlearner.Unlearn(inputs.Model, data, options, progress, context.Cancellation));
        var seconds = watch.Elapsed.TotalSeconds;
        foreach (var note in result.Report.Notes) context.Output.Note(note);
        result.Model.Save(target, context.Global.Force, context.Cancellation);
        UnlearnTable.Write(context, result.Report, data.ClassNames, options, seconds, target);
    }

    static int ClassOf(string text, IReadOnlyList<string>? names)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
        var at = names is null ? -1 : names.ToList().FindIndex(n => n.Equals(text, StringComparison.OrdinalIgnoreCase));
        if (at >= 0) return at;
        throw new OnnxEngineException(ErrorKind.Usage, names is null
            ? $"There is no class '{text}': the data does not name its classes, so give the number of the model's output."
            : $"There is no class '{text}'; the data has {string.Join(", ", names.Take(20).Select(n => $"'{n}'"))}{(names.Count > 20 ? ", ..." : "")}.");
    }
}
