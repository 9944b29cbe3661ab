using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Finetuning;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Engine.Training;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Slimming;

/// <summary>Fine-tunes a slim model on the answers of the original, without labels.</summary>
static class SlimFinetuning
{
    /// <summary>Goes on where <see cref="Slimmer.Slim"/> ended. Cancelling ends the training with the best so far.</summary>
    /// <param name="source">The original.</param>
    /// <param name="slim">What was made of it, a model.</param>
    /// <param name="data">Training, validation and test items.</param>
    /// <param name="options">How; the teacher is the original whatever they say.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellation">Ends the training.</param>
    /// <returns>The same with the better of the two models, how good it is, and the training.</returns>
    /// <inheritdoc cref="Finetuner.Finetune(OnnxModel, ModelData, FinetuneOptions, IProgress{WorkProgress}?, CancellationToken)" path="/exception"/>
    public static SlimResult Apply(
        OnnxModel source, SlimResult slim, ModelData data, FinetuneOptions options, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var execution = ExecutionOptions.Enter(options.Execution);
        // Without labels the answers to the same items are compared as before.
        var compared = slim.Report.Outputs is { Items: var count } && (data.Test ?? data.Validation) is { } heldOut ? heldOut.Select([.. Enumerable.Range(0, Math.Min(count, heldOut.Count))]) : null;
        var parts = new ModelData(data.Description) { Train = data.Train, Validation = data.Validation, Test = compared ?? data.Test };
        var (model, training) = Finetuner.Finetune(slim.Model!, slim.Report.MeasuredAfter ?? slim.Report.Agreement, parts, options with { Teacher = source }, progress, cancellation);
        var report = slim.Report with { Finetuning = training, Notes = [.. slim.Report.Notes, .. training.Notes] };
        if (training.BestStep == 0) return slim with { Report = report with { Notes = [.. report.Notes, "Fine-tuning made nothing better; the model is as it was slimmed."] } };
        report = report with { MeasuredAfter = report.MeasuredBefore is null ? null : training.MeasuredAfter, After = report.After with { Bytes = ModelCounts.ByteCount(model.Proto) } };
        if (compared is null) return new SlimResult(model, slim.Plan, report);
        // Who interrupts does not want to wait.
        if (training.End == FinetuneEnd.Cancelled) return new SlimResult(model, slim.Plan, report with { Agreement = null, Outputs = null });
        return new SlimResult(model, slim.Plan, report with
        {
            Agreement = report.Agreement is null ? null : training.MeasuredAfter ?? TaskEvaluator.Agree(source, model, compared, options.Evaluation, progress, CancellationToken.None),
            Outputs = report.Outputs! with { After = OutputDifference.Measure(DataShapes.Normalised(source.Proto, report.InputShapes, compared), model.Proto, compared, progress, CancellationToken.None) },
        });
    }
}
