using System.CommandLine;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Engine.Tasks.Trials;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>Measures a model's accuracy.</summary>
sealed class EvalCommand : CliCommand
{
    readonly ModelAndDataOptions _inputs = new(hasCalibration: false);
    readonly Option<int?> _limit = Numbers.OptionalWhole("--limit", 1, "Test on this many items at most, drawn by the seed");
    readonly Option<bool> _try = new("--try-preprocess") { Description = "Try the usual normalisations on some images and rank them" };

    internal EvalCommand() : base(
        "eval",
        "Measures a model on the test data in the metric of its task: accuracy overall and per class, or what embeddings, detectors and others are measured by.",
        "onnxedit eval model.onnx --data cifar10 --mean .485,.456,.406 --std .229,.224,.225",
        "onnxedit eval model.onnx --data cifar10 --try-preprocess")
    {
        _inputs.AddTo(this);
        Options.Add(_limit);
        Options.Add(_try);
    }

    internal override void Execute(CommandContext context)
    {
        var inputs = _inputs.Resolve(context);
        if (context.Get(_try))
        {
            inputs.RequireMeasurable();
            PreprocessingReport.Write(context, Search(context, inputs), inputs.Labels);
            return;
        }

        var data = inputs.OpenData(context.Output, testOnly: true, context.Get(_limit));
        var test = data.Test ?? throw new OnnxEngineException(ErrorKind.Data, "The data holds no labelled test items; give some with --eval-data.");
        var measurement = context.Output.Track(progress => TaskEvaluator.Measure(inputs.Model, test, inputs.Evaluation, progress, context.Cancellation));
        if (measurement.Classification is not { } evaluation)
        {
            TaskReport.Write(context, inputs.Path, measurement);
            return;
        }
        DataMatch.Warn(inputs, LabelAgreement.Of(evaluation), context);
        EvaluationReport.Write(context, inputs.Path, evaluation, data.ClassNames);
    }

    PreprocessingSearch Search(CommandContext context, ModelAndData inputs)
    {
        var options = inputs.DataOptions(testOnly: true);
        return context.Output.Track(progress => PreprocessingSearch.Run(
            inputs.Model, options, inputs.Evaluation, context.Get(_limit) ?? 500, progress, context.Cancellation));
    }
}
