using OnnxEdit.Engine;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>Writes onnxedit.json beside a model.</summary>
sealed class InitCommand : CliCommand
{
    readonly ModelAndDataOptions _inputs = new(hasCalibration: true);

    internal InitCommand() : base(
        "init",
        $"Writes {ProjectConfig.FileName} beside a model: where its data is and how pixels are normalised, so that other commands need not be told. Checks that it works.",
        "onnxedit init model.onnx --data cifar10 --mean .485,.456,.406 --std .229,.224,.225")
    {
        _inputs.AddTo(this);
    }

    internal override void Execute(CommandContext context)
    {
        var given = _inputs.Resolve(context, useConfig: false);
        var inputs = given.WithSizes(context.Output);
        var folder = Path.GetDirectoryName(Path.GetFullPath(inputs.Path))!;
        var path = Path.Combine(folder, ProjectConfig.FileName);
        if (File.Exists(path) && !context.Global.Force)
            throw new OnnxEngineException(ErrorKind.Usage, $"'{path}' exists; add --force to replace it.");

        var data = inputs.OpenData(context.Output);
        var evaluation = data.Test is { IsLabelled: true } test && inputs.Signature.Classifier is not null
            ? context.Output.Track(progress => Evaluator.Evaluate(inputs.Model, test, inputs.Evaluation, progress, context.Cancellation))
            : null;
        AtomicFile.WriteText(path, Config(given, folder).ToJson(), overwrite: true);
        Report(context, inputs, path, evaluation);
    }

    static string NotMeasured(ModelAndData inputs) => inputs.Signature.NoClassifierBecause is { } why
        ? $"The model is not a classifier, so accuracy was not measured: {why}."
        : "The data has no labels, so accuracy was not measured.";

    static ProjectConfig Config(ModelAndData inputs, string folder) => new ProjectConfig
    {
        Model = Path.GetFileName(inputs.Path),
        Data = Relative(inputs.DataPath, folder),
        EvalData = Relative(inputs.EvalPath, folder),
        Calibration = inputs.Calibration == ModelAndDataOptions.DefaultCalibration ? null : inputs.Calibration,
        Labels = inputs.Labels,
        Output = inputs.Output,
        InputShapes = inputs.InputShapes is { Count: > 0 } shapes ? shapes : null,
    }.With(inputs.Preprocessing);

    static void Report(CommandContext context, ModelAndData inputs, string path, Evaluation? evaluation)
    {
        var shown = Path.GetRelativePath(".", path);
        if (context.Global.Json)
        {
            context.Output.Json("init", 1, new { Config = shown, Images = evaluation?.Count, evaluation?.Top1, evaluation?.StandardError });
            return;
        }

        context.Output.Line(evaluation is null ? NotMeasured(inputs) : EvaluationReport.Summary(evaluation));
        context.Output.Line($"wrote {shown}");
        var guess = evaluation is null ? 0 : evaluation.PerClass.Max(tally => (double)tally.Count) / evaluation.Count;
        if (evaluation is not null && evaluation.Top1 < guess + (4 * evaluation.StandardError))
            context.Output.Warn("this is close to guessing; find the normalisation with onnxedit eval --try-preprocess, then run init --force.");
    }

    /// <summary>Relative to the configuration where that is possible, so that the folder can be moved as a whole.</summary>
    static string? Relative(string? path, string folder) =>
        path is null || path.StartsWith("random:", StringComparison.Ordinal)
            ? path
            : Path.GetRelativePath(folder, Path.GetFullPath(path)).Replace(Path.DirectorySeparatorChar, '/');
}
