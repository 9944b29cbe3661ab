using System.CommandLine;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>Writes a page on an edited model: what changed, why, and what it cost.</summary>
sealed class ReportCommand : CliCommand
{
    readonly ModelAndDataOptions _inputs = new(hasCalibration: false);
    readonly Option<string?> _before = new("--before") { Description = "The model before the edit, or any with the same inputs and classes", HelpName = "FILE" };
    readonly Option<int?> _limit = Numbers.OptionalWhole("--limit", 1, "Test on this many items at most, drawn by the seed");
    readonly Option<string?> _out = new("--out", "-o") { Description = "Where to write [default: NAME.report.html beside the model]", HelpName = "FILE" };

    internal ReportCommand() : base(
        "report",
        "Writes one HTML page, complete in itself, on an edited model: what changed and why, size, accuracy by class, margins, confusions, layers, times and history. --json prints the same content.",
        "onnxedit report model.slim.onnx --before model.onnx --data cifar10 --mean .485,.456,.406 --std .229,.224,.225",
        "onnxedit report model.slim.onnx -o slim.html")
    {
        _inputs.AddTo(this);
        foreach (var option in new Option[] { _before, _limit, _out }) Options.Add(option);
    }

    internal override void Execute(CommandContext context)
    {
        var inputs = _inputs.Resolve(context);
        var before = context.Get(_before) is { } path ? context.Load(path) : null;
        var target = Target(context.Get(_out), inputs, before, context.Global.Force);
        var job = new ReportJob(context, inputs, before, target) { Limit = context.Get(_limit) };
        var report = job.Run();
        if (context.Global.Json)
        {
            context.Output.Json("report", 1, ReportJson.Fields(report, job.Command, target));
            return;
        }

        foreach (var sentence in ChangeSection.Sentences(report)) context.Output.Line(sentence);
        context.Output.Line($"wrote {target}");
    }

    static string Target(string? given, ModelAndData inputs, OnnxModel? before, bool force)
    {
        var path = given ?? Path.Combine(Path.GetDirectoryName(inputs.Path) ?? "", $"{Path.GetFileNameWithoutExtension(inputs.Path)}.report.html");
        OutputTarget.Require(path, inputs.Model, force);
        if (before is not null) OutputTarget.Require(path, before, force);
        return path;
    }
}
