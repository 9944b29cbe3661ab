using System.CommandLine;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Sample;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>Writes the built-in sample.</summary>
sealed class SampleCommand : CliCommand
{
    static readonly string[] _files = ["model.onnx", ProjectConfig.FileName, "data"];

    readonly Argument<string> _folder = new("folder") { Description = "Where to write; made when missing" };
    readonly Option<bool> _slim = new("--slim") { Description = "Go on and slim the sample, with a table of before and after" };

    internal SampleCommand() : base(
        "sample",
        "Writes a small trained classifier and its data into a folder, to try everything on. Needs no network.",
        "onnxedit sample demo --slim",
        "onnxedit sample demo")
    {
        Arguments.Add(_folder);
        Options.Add(_slim);
    }

    internal override void Execute(CommandContext context)
    {
        var folder = context.Get(_folder)!;
        var existing = _files.FirstOrDefault(name => Path.Exists(Path.Combine(folder, name)));
        if (existing is not null && !context.Global.Force)
            throw new OnnxEngineException(ErrorKind.Usage, $"'{Path.Combine(folder, existing)}' exists; add --force to replace the sample there, or name another folder.");

        SampleFolder.Write(folder);
        if (context.Get(_slim))
            Slim(context, folder);
        else if (context.Global.Json)
            context.Output.Json("sample", 1, new { Folder = folder, Files = _files });
        else
            context.Output.Line($"wrote {string.Join(", ", _files.Select(name => Path.Combine(folder, name)))}\ntry: cd {folder} && onnxedit eval");
    }

    /// <summary>Slims the written sample as the command slim would.</summary>
    static void Slim(CommandContext context, string folder)
    {
        var path = Path.Combine(folder, "model.onnx");
        var inputs = new ModelAndData
        {
            Path = path,
            Model = OnnxModel.Load(path),
            DataPath = Path.Combine(folder, "data"),
            Preprocessing = new Preprocessing { Mean = [SampleFolder.Mean], Std = [SampleFolder.Std] },
            Calibration = ModelAndDataOptions.DefaultCalibration,
            Seed = context.Global.Seed,
        };
        var target = OutputTarget.Resolve(null, inputs, "slim", context.Global.Force);
        new SlimJob(context, inputs, new SlimOptions { Budget = SlimBudget.Sparsity(0.4), Seed = context.Global.Seed }) { Target = target }.Run();
    }
}
