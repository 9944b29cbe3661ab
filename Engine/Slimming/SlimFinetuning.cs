using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Finetuning;
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
    /// <param name="data">Training, validation and test images.</param>
    /// <param name="options">How; the teacher is the original whatever they say.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellation">Ends the training.</param>
    /// <returns>The same with the better of the two models, its accuracy, and the training.</returns>
    /// <inheritdoc cref="Finetuner.Finetune(OnnxModel, ModelData, FinetuneOptions, IProgress{WorkProgress}?, CancellationToken)" path="/exception"/>
    public static SlimResult Apply(
        OnnxModel source, SlimResult slim, ModelData data, FinetuneOptions options, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var execution = ExecutionOptions.Enter(options.Execution);
        var (model, training) = Finetuner.Finetune(slim.Model!, slim.Report.AccuracyAfter, data, options with { Teacher = source }, progress, cancellation);
        var report = slim.Report with { Finetuning = training };
        if (training.BestStep == 0) return slim with { Report = report with { Notes = [.. report.Notes, "Fine-tuning made nothing better; the model is as it was slimmed."] } };
        return slim with
        {
            Model = model,
            Report = report with { MeasuredAfter = training.After is { } accuracy ? new ClassificationTask().Of(accuracy) : report.MeasuredAfter, After = report.After with { Bytes = ModelCounts.ByteCount(model.Proto) } },
        };
    }
}
