using OnnxEdit.Engine;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Reporting;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>One report from opened files to the written page; shared by report and by the commands with --report.</summary>
/// <param name="context">The call.</param>
/// <param name="inputs">The edited model as it was written, and its data.</param>
/// <param name="before">The model before; null: a report on one model.</param>
/// <param name="target">Where to write the page.</param>
sealed class ReportJob(CommandContext context, ModelAndData inputs, OnnxModel? before, string target)
{
    ModelAndData? _sized;

    /// <summary>Test images at most; null: all.</summary>
    internal int? Limit { get; init; }

    /// <summary>The opened data; null: it is opened.</summary>
    internal ModelData? Data { get; init; }

    /// <summary>What is measured already; null: nothing.</summary>
    internal KnownFigures? Known { get; init; }

    /// <summary>Measures, writes the page and returns what is in it.</summary>
    internal ComparisonReport Run()
    {
        if (before is not null) RequireOther(before);
        var data = Data ?? (inputs.HasData ? inputs.OpenData(context.Output, testOnly: true, Limit) : null);
        if (Data is null) DataMatch.Warn(inputs, data?.Test, context);
        _sized = inputs.WithSizes(context.Output, data);
        var options = new ReportOptions { Evaluation = inputs.Evaluation, InputShapes = _sized.InputShapes, Known = Known };
        var report = context.Output.Track(progress => ModelComparison.Measure(before, inputs.Model, data, options, progress, context.Cancellation));
        ReportPage.Save(target, report, Command, context.Global.Force);
        return report;
    }

    /// <summary>The command line that makes the report again, with what a configuration file said spelt out.</summary>
    internal string Command => ReportCommandLine.Of(context.Global, _sized ?? inputs, before, target, Limit);

    void RequireOther(OnnxModel other)
    {
        if (other.Sha256 == inputs.Model.Sha256)
            throw new OnnxEngineException(ErrorKind.Usage, $"'{other.Path}' and '{inputs.Path}' are the same model, so there is nothing to compare; name another with --before, or leave it out.");
    }
}
