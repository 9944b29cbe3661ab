using System.CommandLine;
using System.Diagnostics;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Finetuning;
using OnnxEdit.Engine.Training;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>Trains a model further.</summary>
sealed class FinetuneCommand : CliCommand
{
    readonly ModelAndDataOptions _inputs = new(hasCalibration: false);
    readonly Option<string?> _teacher = new("--teacher") { Description = "Imitate this model, usually the one before slimming, on items without labels [default: learn the labels]", HelpName = "FILE" };
    readonly Option<double> _temperature = Numbers.Positive("--temperature", 4, "With --teacher, for classifiers: how much its answers are softened");
    readonly Option<string?> _features = new("--features") { Description = "With --teacher: make the outputs of these parts of the network resemble the teacher's as well, e.g. layer2,layer3", HelpName = "NAME,..." };
    readonly Option<double> _featureWeight = Numbers.Positive("--feature-weight", 1, "With --features: weight of the relative squared error of each part");
    readonly Option<int> _steps = Numbers.Whole("--steps", 1, int.MaxValue, 1000, "Training steps");
    readonly Option<TimeSpan?> _time = Numbers.OptionalTime("--time", "Train for so long instead, e.g. 5m; the schedule ends with it");
    readonly Option<int> _batch = Numbers.Whole("--batch", 1, int.MaxValue, 64, "Items per step, for models with an open batch; multiples of 16 are fastest");
    readonly Option<double?> _stepSize = Numbers.OptionalPositive("--step-size", "Largest step size, from which it falls to zero along a half cosine [default: 0.0005 with muon, 0.0003 with adam, 0.001 with sgd; with --editable 0.001 for the extra layer, 0.0001 for others]");
    readonly WordOption<FinetuneOptimiser> _optimiser = new("--optimiser", FinetuneOptimiser.Muon, "Adam, gradient descent with momentum 0.9, or momentum with matrices made orthogonal (Muon); all with weight decay 0.0001");
    readonly Option<double> _warmUp = Numbers.Share("--warm-up", 0.05, "Share of the training in which the step size rises");
    readonly Option<double> _averaging = Numbers.Share("--averaging", 0.99, "Keep an average of the weights that retains this share in a step; 0: the weights themselves");
    readonly Option<string?> _layers = new("--layers") { Description = "Train only nodes with one of these in their name [default: all]", HelpName = "NAME,..." };
    readonly Option<bool?> _flip = new("--flip") { Description = "Mirror pictures at random [default: with --teacher, but for text in pictures and regression]", HelpName = "true|false", Arity = System.CommandLine.ArgumentArity.ZeroOrOne };
    readonly Option<int?> _shift = Numbers.OptionalWhole("--shift", 0, "Shift pictures at random by so many pixels at most [default: with --teacher an eighth of the width, where they are mirrored]");
    readonly Option<double> _mix = Numbers.Share("--mix", 0, "With --teacher: share of the items that are mixed with another one, which the teacher is asked about, too");
    readonly WordOption<FinetuneNormalisation> _normalisation = new("--normalisation", FinetuneNormalisation.Frozen, "Statistics of batch normalisations: as stored, measured anew after training, or those of each batch in training");
    readonly Option<string?> _checkpoint = new("--checkpoint") { Description = "Save the state of the training here every minute and at its end", HelpName = "FILE" };
    readonly Option<string?> _resume = new("--resume") { Description = "Go on from this checkpoint, with the same model, data and options", HelpName = "FILE" };
    readonly Option<string?> _curve = new("--curve") { Description = "Draw losses and accuracy, or the metric of another task, as a PNG", HelpName = "FILE.png" };
    readonly Option<int> _looks = Numbers.Whole("--looks", 1, int.MaxValue, 10, "Looks at the validation items on the way; the best of these is kept");
    readonly Option<int> _patience = Numbers.Whole("--patience", 0, int.MaxValue, 0, "End after so many looks at the validation items without improvement; 0 never does");
    readonly EditableFinetune _editable = new();
    readonly Option<string?> _out = new("--out", "-o") { Description = "Where to write [default: NAME.finetune.onnx beside the model]", HelpName = "FILE" };

    internal FinetuneCommand() : base(
        "finetune",
        "Trains the weights of a model further, on the answers of a teacher or (classifiers and regression) on labels, and keeps the state that did best on held-out training items. Interrupting it keeps the best state so far.",
        "onnxedit finetune model.slim.onnx --teacher model.onnx --data cifar10 --mean .485,.456,.406 --std .229,.224,.225 --time 10m",
        "onnxedit finetune model.onnx --steps 500 --layers layer3,linear -o tuned.onnx",
        "onnxedit finetune model.onnx --editable --steps 2000")
    {
        _inputs.AddTo(this);
        _editable.AddTo(this);
        foreach (var option in new Option[] { _teacher, _temperature, _features, _featureWeight, _steps, _time, _batch, _stepSize, _optimiser, _warmUp, _averaging, _layers, _flip, _shift, _mix, _normalisation, _looks, _patience, _checkpoint, _resume, _curve, _out }) Options.Add(option);
    }

    internal override void Execute(CommandContext context)
    {
        var inputs = _inputs.Resolve(context);
        if (_editable.IsAsked(context)) inputs.RequireClassifier();
        var target = OutputTarget.Resolve(context.Get(_out), inputs, "finetune", context.Global.Force);
        var (checkpoint, curve) = (context.Get(_checkpoint), context.Get(_curve));
        // A checkpoint replaces the one before it.
        if (checkpoint is not null) OutputTarget.Require(checkpoint, inputs.Model, force: true);
        if (curve is not null) OutputTarget.Require(curve, inputs.Model, context.Global.Force);
        var options = new FinetuneOptions
        {
            Teacher = context.Get(_teacher) is { } path ? context.Load(path) : null,
            Temperature = context.Get(_temperature),
            Steps = context.Get(_steps),
            Batch = context.Get(_batch),
            StepSize = context.Get(_stepSize),
            WarmUp = context.Get(_warmUp),
            Averaging = context.Get(_averaging),
            Optimiser = context.Get(_optimiser)!.Value,
            Layers = Names(context.Get(_layers)),
            Features = Names(context.Get(_features)),
            FeatureWeight = context.Get(_featureWeight),
            Flip = context.Get(_flip),
            Shift = context.Get(_shift),
            Mix = context.Get(_mix),
            Time = context.Get(_time),
            Normalisation = context.Get(_normalisation)!.Value,
            Checkpoint = checkpoint is null ? null : c => c.Save(checkpoint),
            Resume = context.Get(_resume) is { } resume ? FinetuneCheckpoint.Load(resume) : null,
            Looks = context.Get(_looks),
            Patience = context.Get(_patience),
            Seed = context.Global.Seed,
            Evaluation = inputs.Evaluation,
        };
        if (_editable.IsAsked(context))
        {
            if (curve is not null) throw new OnnxEngineException(ErrorKind.Usage, "--curve draws the losses of a usual training; leave it away with --editable.");
            _editable.Run(context, inputs, target, options);
            return;
        }
        var data = inputs.OpenData(context.Output);
        var watch = Stopwatch.StartNew();
        var result = context.Output.Track(progress => Finetuner.Finetune(inputs.Model, data, options, progress, context.Cancellation));
        var report = result.Report;
        foreach (var note in report.Notes) context.Output.Note(note);
        if (curve is not null) LossCurve.Save(curve, report, context.Global.Force);
        if (report.BestStep == 0 && !report.Reestimated)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            throw new OnnxEngineException(ErrorKind.TargetNotReached, report.End == FinetuneEnd.Diverged
                ? $"The training diverged after {report.Steps} steps before anything got better; take a smaller --step-size."
                : $"None of {report.Steps} steps made the loss on the validation items smaller, so nothing is written; try another --step-size or more --steps.");
        }
        if (report.End == FinetuneEnd.Diverged) context.Output.Warn($"The training diverged after {report.Steps} steps; the model is that of step {report.BestStep}.");
        context.Save(result.Model, target, CancellationToken.None);
        FinetuneTable.Write(context, report, options, watch.Elapsed.TotalSeconds, target);
        // What was reached is written; that it was interrupted is still what happened.
        context.Cancellation.ThrowIfCancellationRequested();
    }

    static string[]? Names(string? list) => list?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
