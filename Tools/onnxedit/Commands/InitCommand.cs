using OnnxEdit.Engine;
using OnnxEdit.Engine.Data.Text;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Engine.Tasks.Sequences;
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
        var measured = data.Test is { } test && ModelTasks.Of(TaskSubject.Of(inputs.Model.Proto, inputs.Evaluation), test).IsLabelled(test)
            ? context.Output.Track(progress => TaskEvaluator.Measure(inputs.Model, test, inputs.Evaluation, progress, context.Cancellation))
            : null;
        AtomicFile.WriteText(path, Config(given, folder).ToJson(), overwrite: true);
        Report(context, path, measured);
    }

    static ProjectConfig Config(ModelAndData inputs, string folder) => new ProjectConfig
    {
        Model = Path.GetFileName(inputs.Path),
        Data = Relative(inputs.DataPath, folder),
        EvalData = Relative(inputs.EvalPath, folder),
        Calibration = inputs.Calibration == ModelAndDataOptions.DefaultCalibration ? null : inputs.Calibration,
        Labels = inputs.Labels,
        Output = inputs.Output,
        Task = inputs.Task,
        Pooling = inputs.Pooling,
        Columns = inputs.Columns,
        Alphabet = inputs.Alphabet is { } alphabet && Path.GetFullPath(alphabet) != SymbolList.Beside(inputs.Path) ? Relative(alphabet, folder) : null,
        Tokenizer = inputs.Tokenizer is { } tokenizer && Path.GetFullPath(tokenizer) != TextTokenizer.Beside(inputs.Path) ? Relative(tokenizer, folder) : null,
        InputShapes = inputs.InputShapes is { Count: > 0 } shapes ? shapes : null,
    }.With(inputs.Preprocessing);

    static void Report(CommandContext context, string path, TaskMeasurement? measured)
    {
        var shown = Path.GetRelativePath(".", path);
        var evaluation = measured?.Classification;
        if (context.Global.Json)
        {
            context.Output.Json("init", 1, new { Config = shown, measured?.Task, Items = measured?.Items, Metrics = measured is null ? null : TaskReport.Fields(measured), evaluation?.Top1, evaluation?.StandardError });
            return;
        }

        context.Output.Line(measured is null ? "The data has no labels of the model's task, so nothing was measured." : evaluation is null ? TaskReport.Summary(measured) : EvaluationReport.Summary(evaluation));
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
