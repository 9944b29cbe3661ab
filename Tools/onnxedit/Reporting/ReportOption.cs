using System.CommandLine;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Reporting;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>The --report option of commands that make a model.</summary>
static class ReportOption
{
    internal static Option<string?> Create() => new("--report")
    {
        Description = "Also write an HTML page that compares the result with the original; see onnxedit report",
        HelpName = "FILE",
    };

    /// <summary>Checks, before the work starts, that the page can be written.</summary>
    /// <exception cref="OnnxEngineException">It cannot, or the name belongs to another file of the call (<see cref="ErrorKind.Usage"/>).</exception>
    internal static void Check(CommandContext context, string? page, ModelAndData inputs, params string?[] others)
    {
        if (page is null) return;
        if (others[0] is null) throw new OnnxEngineException(ErrorKind.Usage, "--dry-run makes no model that --report could compare; leave one of them out.");
        OutputTarget.Require(page, inputs.Model, context.Global.Force);
        if (others.Any(other => other is not null && Path.GetFullPath(other) == Path.GetFullPath(page)))
            throw new OnnxEngineException(ErrorKind.Usage, $"'{page}' is written by this call already; name another file with --report.");
    }

    /// <summary>Writes the page on a model that was just written, from its file.</summary>
    /// <param name="context">The call.</param>
    /// <param name="page">Where to write it; null: nowhere.</param>
    /// <param name="inputs">The model before and where its data is.</param>
    /// <param name="made">The file that was written.</param>
    /// <param name="data">The data as the edit opened it.</param>
    /// <param name="known">What the edit measured on it.</param>
    internal static void Write(CommandContext context, string? page, ModelAndData inputs, string made, ModelData? data, KnownFigures known)
    {
        if (page is null || context.Cancellation.IsCancellationRequested) return;
        var after = inputs with { Path = made, Model = OnnxModel.Load(made) };
        new ReportJob(context, after, inputs.Model, page) { Data = data, Known = known }.Run();
        if (context.Global.Json) context.Output.Note($"wrote {page}");
        else context.Output.Line($"wrote {page}");
    }
}
