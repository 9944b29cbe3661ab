using System.CommandLine;
using System.Diagnostics;
using OnnxEdit.Engine;
using OnnxEdit.Engine.EditableTraining;
using OnnxEdit.Engine.Editing;
using OnnxEdit.Engine.Training;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>The part of <c>finetune</c> that makes models easy to edit.</summary>
sealed class EditableFinetune
{
    readonly Option<bool> _editable = new("--editable") { Description = "Train the model so that a later 'edit --editor rmsprop' of --layers [default here: extra] disturbs it less; always by Adam" };
    readonly Option<int> _editSteps = Numbers.Whole("--edit-steps", 1, GradientEditor.Steps, 6, "With --editable: steps of a practised edit at most");
    readonly Option<double> _editWeight = Numbers.Positive("--edit-weight", 0.3, "With --editable: weight of what an edit leaves of its gap");
    readonly Option<double> _localityWeight = Numbers.Positive("--locality-weight", 3, "With --editable: weight of what an edit changes on other items");
    readonly Option<bool> _firstOrder = new("--first-order") { Description = "With --editable: do not differentiate the gradients that an edit follows; quicker" };
    readonly Option<bool> _onLabels = new("--on-labels") { Description = "With --editable: learn the labels, and not the answers that the model gives already" };

    internal void AddTo(Command command)
    {
        foreach (var option in new Option[] { _editable, _editSteps, _editWeight, _localityWeight, _firstOrder, _onLabels }) command.Options.Add(option);
    }

    internal bool IsAsked(CommandContext context)
    {
        if (context.Get(_editable)) return true;
        if (context.Get(_firstOrder) || context.Get(_onLabels)) throw new OnnxEngineException(ErrorKind.Usage, "--first-order and --on-labels belong to --editable.");
        return false;
    }

    /// <summary>Trains and writes.</summary>
    /// <param name="context">The call.</param>
    /// <param name="inputs">Model and data.</param>
    /// <param name="target">Where to write.</param>
    /// <param name="training">Steps, batch, step size and layers as given.</param>
    internal void Run(CommandContext context, ModelAndData inputs, string target, FinetuneOptions training)
    {
        if (training.Teacher is not null || training.Features is not null || training.Flip == true || training.Shift > 0)
            throw new OnnxEngineException(ErrorKind.Usage, "--editable trains on the model's own answers (or --on-labels) and on items as they are, so that what comes before the edited layers is run once; leave --teacher, --features, --flip and --shift away.");
        if (training.Time is not null || training.Checkpoint is not null || training.Resume is not null || training.Normalisation != FinetuneNormalisation.Frozen)
            throw new OnnxEngineException(ErrorKind.Usage, "--editable takes a number of --steps and keeps no checkpoints; leave --time, --checkpoint, --resume and --normalisation away.");
        var options = new EditableOptions
        {
            Layers = training.Layers is { } layers ? string.Join(',', layers) : "extra",
            Steps = training.Steps,
            Batch = training.Batch,
            StepSize = training.StepSize,
            CheckEvery = Math.Clamp(training.Steps / 10, Math.Min(50, training.Steps), 100),
            EditSteps = context.Get(_editSteps),
            EditWeight = context.Get(_editWeight),
            LocalityWeight = context.Get(_localityWeight),
            IsFirstOrder = context.Get(_firstOrder),
            OnLabels = context.Get(_onLabels),
            Seed = training.Seed,
            Evaluation = training.Evaluation,
        };
        var data = inputs.OpenData(context.Output);
        DataMatch.Require(inputs, data.Test ?? data.Train, context.Cancellation, mayGuess: true);
        var watch = Stopwatch.StartNew();
        var result = context.Output.Track(progress => EditableTrainer.Train(inputs.Model, data, options, progress, context.Cancellation));
        var report = result.Report;
        if (report.BestStep == 0)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            throw new OnnxEngineException(ErrorKind.TargetNotReached, report.End == FinetuneEnd.Diverged
                ? $"The training diverged after {report.Steps} steps before anything got better; take a smaller --step-size."
                : FormattableString.Invariant($"None of {report.Steps} steps made edits cost less at a success of 95 % (first {report.Curve[0].Drawdown:F2} points at {100 * report.Curve[0].Success:F0} %, last {report.Curve[^1].Drawdown:F2} at {100 * report.Curve[^1].Success:F0} %, validation items), so nothing is written; try another --step-size, a larger --edit-weight or more --steps."));
        }
        if (report.End == FinetuneEnd.Diverged) context.Output.Warn($"The training diverged after {report.Steps} steps; the model is that of step {report.BestStep}.");
        context.Save(result.Model, target, CancellationToken.None);
        EditableTable.Write(context, report, options, watch.Elapsed.TotalSeconds, target);
        context.Cancellation.ThrowIfCancellationRequested();
    }
}
