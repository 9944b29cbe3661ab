using System.CommandLine;
using System.Diagnostics;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Reporting;
using OnnxEdit.Engine.Statistics;
using OnnxEdit.Engine.Unlearning;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>Makes a classifier forget a class.</summary>
sealed class UnlearnCommand : CliCommand
{
    readonly ModelAndDataOptions _inputs = new(hasCalibration: true, defaultCalibration: 5000);
    readonly Option<string[]> _classes = new("--class") { Description = "Class to forget, by number or name; several with commas or by repeating the option", HelpName = "CLASS,..." };
    readonly WordOption<UnlearnMethod> _method = new("--method", UnlearnMethod.Refit, "How; suppress-logit only hides the class and is for comparison");
    readonly Option<double?> _retainDrop = Numbers.OptionalReal("--retain-drop", Bounds.From(0).Below(100), "Points of accuracy that the other classes may lose on held-out training items [default: 0.3, if it can be had]");
    readonly Option<double?> _forgetTarget = Numbers.OptionalReal("--forget-target", Bounds.From(0).Below(100), "Accuracy in percent that the class may keep on them [default: 1, if it can be had]");
    readonly Option<double> _deviations = Numbers.Positive("--deviations", 2, "discedit-u: take channels whose score is this many standard deviations above the mean of their layer");
    readonly Option<double?> _tail = Numbers.OptionalReal("--tail", Bounds.Above(0).UpTo(1), "discedit-u: share of the layers to look at, from the end [default: 0.333]");
    readonly WordOption<UnlearnWitness> _witness = new("--witness", UnlearnWitness.Exp, "discedit-u: what channels are judged by");
    readonly Option<int?> _perLayer = Numbers.OptionalWhole("--per-layer", 1, "discedit-u: take this many channels of each layer, whatever stands out");
    readonly Option<string[]> _layers = new("--layers") { Description = "discedit-u: look at these layers only, by name or by number from 1 on", HelpName = "LAYER,..." };
    readonly Option<bool> _physical = new("--physical") { Description = "Also remove the channels that only the class uses; what reads them is re-fitted" };
    readonly Option<string?> _moments = new("--moments") { Description = "Statistics written by onnxedit stats to edit from, without items; data, where there is any, is for measuring only", HelpName = "FILE" };
    readonly Option<string?> _finetune = FinetuneOption.Create("Then fine-tune for so long, e.g. 5m, or so many steps, on the original's answers to items of the other classes");
    readonly Option<int?> _relearn = Numbers.OptionalWhole("--relearn", 10, "Also measure how fast the class is learned again: train copies on labels for so many steps");
    readonly Option<string?> _out = new("--out", "-o") { Description = "Where to write [default: NAME.unlearn.onnx beside the model]", HelpName = "FILE" };
    readonly Option<string?> _report = ReportOption.Create();

    internal UnlearnCommand() : base(
        "unlearn",
        "Makes a classifier forget a class by editing its body, in closed form, and measures what is left: accuracy, and how well a linear rule still reads the class out of the features.",
        "onnxedit unlearn model.onnx --class 5 --data cifar10 --mean .485,.456,.406 --std .229,.224,.225",
        "onnxedit unlearn --class cat,dog -o safe.onnx",
        "onnxedit unlearn model.onnx --class 5 --data images --retain-drop 0.5 --forget-target 2",
        "onnxedit unlearn model.onnx --class 5 --moments model.moments")
    {
        _inputs.AddTo(this);
        foreach (var option in new Option[] { _classes, _method, _retainDrop, _forgetTarget, _deviations, _tail, _layers, _perLayer, _witness, _physical, _moments, _finetune, _relearn, _out, _report }) Options.Add(option);
    }

    internal override void Execute(CommandContext context)
    {
        var inputs = _inputs.Resolve(context);
        inputs.RequireClassifier();
        var wanted = Words(context.Get(_classes));
        if (wanted.Length == 0) throw new OnnxEngineException(ErrorKind.Usage, "Name the class to forget, e.g. --class 5.");
        if (context.Get(_relearn) is not null && context.Get(_moments) is not null)
            throw new OnnxEngineException(ErrorKind.Usage, "--relearn trains on items, which --moments holds none of; leave one of them out.");
        var target = OutputTarget.Resolve(context.Get(_out), inputs, "unlearn", context.Global.Force);
        ReportOption.Check(context, context.Get(_report), inputs, target);
        var opened = Opened(context, inputs);
        var data = Data(context, inputs, opened);
        var watch = Stopwatch.StartNew();
        var (drop, forget) = (context.Get(_retainDrop), context.Get(_forgetTarget));
        var options = new UnlearnOptions
        {
            Classes = [.. wanted.Select(w => ClassNames.Find(w, data.ClassNames)).Distinct()],
            Method = context.Get(_method)!.Value,
            MustReach = drop is not null || forget is not null,
            Calibration = inputs.Calibration,
            Deviations = context.Get(_deviations),
            PerLayer = context.Get(_perLayer),
            Layers = Words(context.Get(_layers)),
            Witness = context.Get(_witness)!.Value,
            Physical = context.Get(_physical),
            Finetune = FinetuneOption.Parse(context.Get(_finetune), context, inputs),
            Seed = context.Global.Seed,
            Evaluation = inputs.Evaluation,
            InputShapes = inputs.InputShapes,
        };
        options = options with
        {
            RetainDrop = drop ?? options.RetainDrop,
            ForgetTarget = forget ?? options.ForgetTarget,
            Tail = context.Get(_tail) ?? options.Tail,
        };
        var result = context.Output.Track(progress => Unlearner.Unlearn(inputs.Model, data, options, progress, context.Cancellation));
        var seconds = watch.Elapsed.TotalSeconds;
        foreach (var note in result.Report.Notes) context.Output.Note(note);
        // What an interrupted training reached is written all the same.
        context.Save(result.Model, target, options.Finetune is null ? context.Cancellation : CancellationToken.None);
        // The model is safe by then, should the curve be interrupted.
        var curve = context.Get(_relearn) is not { } steps || context.Cancellation.IsCancellationRequested ? null
            : context.Output.Track(progress => RelearningCurve.Measure(inputs.Model, result.Model, data, options.Classes, steps, options, progress, context.Cancellation));
        UnlearnTable.Write(context, result.Report with { Relearning = curve }, data.ClassNames, options, seconds, target);
        ReportOption.Write(context, context.Get(_report), inputs, target, opened, new KnownFigures(result.Report.Measured?.Before, result.Report.Measured?.After));
        context.Cancellation.ThrowIfCancellationRequested();
    }

    // With statistics to work from, data is for measuring, and nothing is set apart of it.
    ModelData? Opened(CommandContext context, ModelAndData inputs)
    {
        var needed = context.Get(_moments) is null;
        return needed || inputs.HasData ? inputs.OpenData(context.Output, testOnly: !needed) : null;
    }

    UnlearnData Data(CommandContext context, ModelAndData inputs, ModelData? opened)
    {
        var data = opened is null ? new UnlearnData() : UnlearnData.Of(opened);
        if (context.Get(_moments) is not { } path) return data;
        var bundle = MomentsBundle.Read(path, inputs.Model);
        return data with { Moments = bundle, ClassNames = data.ClassNames ?? bundle.Statistics.ClassNames };
    }

    static string[] Words(string[]? given) => [.. (given ?? []).SelectMany(c => c.Split(',')).Select(c => c.Trim()).Where(c => c.Length > 0)];
}
