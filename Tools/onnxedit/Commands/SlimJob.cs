using OnnxEdit.Engine;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Finetuning;
using OnnxEdit.Engine.Reporting;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Engine.Statistics;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>One slim from opened files to the written model and its table; shared by the commands slim and sample.</summary>
sealed class SlimJob(CommandContext context, ModelAndData inputs, SlimOptions options)
{
    // A large model is timed at batch 1 only, a small one for a few hundred runs: the table should not take longer than the work. A report is timed as reports are.
    static readonly LatencyOptions _timing = new() { MinimumSeconds = 0.25, MaximumSeconds = 2, MinimumPairs = 12, Precision = 0.02, LongestMilliseconds = 1000 };

    /// <summary>A statistics file, or null.</summary>
    internal string? Moments { get; init; }

    /// <summary>Where to save the plan, or null.</summary>
    internal string? PlanOut { get; init; }

    /// <summary>Where to write the model; null: plan only.</summary>
    internal string? Target { get; init; }

    /// <summary>Where to write a report; null: none.</summary>
    internal string? Report { get; init; }

    /// <summary>How to fine-tune the slim model; null: not at all.</summary>
    internal FinetuneOptions? Finetune { get; init; }

    /// <summary>Does the work.</summary>
    internal void Run()
    {
        if (PlanOut is not null) OutputTarget.Require(PlanOut, inputs.Model, context.Global.Force);
        if (PlanOut is not null && Target is not null && Path.GetFullPath(PlanOut) == Path.GetFullPath(Target))
            throw new OnnxEngineException(ErrorKind.Usage, $"'{PlanOut}' cannot hold both the model and the plan; name another file with --plan-out.");
        ReportOption.Check(context, Report, inputs, Target, PlanOut);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        if (options.Budget.Row.NeedsAccuracy && inputs.DataPath?.StartsWith("random:", StringComparison.Ordinal) == true)
            throw new OnnxEngineException(ErrorKind.Data, "--max-drop needs data that the model is used on, with labels or without: its answers to random inputs say nothing of what it loses.");
        var isValidated = options.Budget.Row.NeedsAccuracy || Finetune is not null;
        var opened = inputs.HasData ? (inputs with { IsValidated = isValidated }).OpenData(context.Output, testOnly: inputs.IsEvalOnly) : null;
        if (Finetune is not null) Finetuner.Require(inputs.Model, opened!, Finetune);
        var data = Data(opened);
        var result = context.Output.Track(progress => Slimmer.Slim(inputs.Model, data, options, progress, context.Cancellation));
        if (Finetune is not null) result = context.Output.Track(progress => SlimFinetuning.Apply(inputs.Model, result, opened!, Finetune, progress, context.Cancellation));
        var seconds = watch.Elapsed.TotalSeconds;
        foreach (var note in result.Report.Notes) context.Output.Note(note);
        if (PlanOut is not null) AtomicFile.WriteText(PlanOut, result.Plan.ToJson(), context.Global.Force);
        IReadOnlyList<LatencyResult>? times = null;
        if (result.Model is { } model && Target is not null)
        {
            // What an interrupted training reached is written all the same.
            context.Save(model, Target, Finetune is null ? context.Cancellation : CancellationToken.None);
            if (!context.Cancellation.IsCancellationRequested) times = Timed(model, result.Report.InputShapes);
        }
        SlimTable.Write(context, result, times, seconds, Target, PlanOut);
        if (Target is not null) ReportOption.Write(context, Report, inputs with { InputShapes = result.Report.InputShapes }, Target, opened, new KnownFigures(result.Report.AccuracyBefore, result.Report.AccuracyAfter, times));
        context.Cancellation.ThrowIfCancellationRequested();
    }

    // Timing makes its own inputs up, which not every model runs with; what is written was checked on inputs that it does.
    IReadOnlyList<LatencyResult>? Timed(OnnxModel model, IReadOnlyDictionary<string, long[]>? shapes)
    {
        try
        {
            return context.Output.Track(progress => LatencyComparison.Measure(
                inputs.Model, model, (Report is null ? _timing : new ReportOptions().Latency) with { InputShapes = shapes }, progress, context.Cancellation));
        }
        catch (OnnxEngineException e)
        {
            context.Output.Note($"Nothing is timed: {e.Message}");
            return null;
        }
    }

    SlimData Data(ModelData? opened)
    {
        var bundle = Moments is null ? null : MomentsBundle.Read(Moments, inputs.Model);
        var data = opened is null ? new SlimData() : inputs.IsEvalOnly ? new SlimData { Test = opened.Test } : SlimData.Of(opened);
        if (inputs.HasData && data.Test is null && inputs.Signature.Classifier is not null)
            context.Output.Note("The data has no labels: accuracy is not measured.");
        if (data.Calibration is null && bundle is null)
            context.Output.Note(inputs.HasData
                ? "No training data is given: channels are ranked by their weights alone and nothing is recovered (--data or --moments would help)."
                : "No data is given: channels are ranked by their weights alone, nothing is recovered and accuracy is not measured (--data or --moments would help).");
        return data with { Moments = bundle };
    }
}
