using System.CommandLine;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Attribution;
using OnnxEdit.Engine.Attribution.Runs;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Text;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>The model and the examples of a run over several machines, written into its manifest and opened from it.</summary>
sealed class RunInputs
{
    readonly Option<string?> _model = new("--model") { Description = "Where the model is on this machine [default: as planned]", HelpName = "PATH" };
    readonly Option<string?> _data = new("--data") { Description = "Where the data is on this machine [default: as planned]", HelpName = "PATH" };
    readonly Option<string?> _evalData = new("--eval-data") { Description = "Likewise, where test data is apart", HelpName = "PATH" };

    internal void AddTo(Command command)
    {
        foreach (var option in new Option[] { _model, _data, _evalData }) command.Options.Add(option);
    }

    /// <summary>The manifest of a run.</summary>
    /// <param name="inputs">The model and where its data is.</param>
    /// <param name="session">The network and its examples.</param>
    /// <param name="options">How attributions are made.</param>
    /// <param name="images">The examples.</param>
    /// <param name="count">Number of examples asked for.</param>
    /// <param name="from">The part of the data they are from.</param>
    /// <param name="cancellation">Ends the work early.</param>
    internal static RunManifest Describe(ModelAndData inputs, AttributionSession session, AttributionOptions options, ItemSet images, int count, string from, CancellationToken cancellation) =>
        RunManifest.Of(session, options, Path.GetFullPath(inputs.Path), new RunData
        {
            Path = Absolute(inputs.DataPath)!,
            EvalPath = Absolute(inputs.EvalPath),
            Preprocessing = inputs.Preprocessing,
            Labels = inputs.Labels,
            Columns = inputs.Columns,
            Tokenizer = Absolute(inputs.Tokenizer),
            InputShapes = inputs.InputShapes is { Count: > 0 } shapes ? shapes : null,
            From = from,
            Count = count,
            Sha256 = ExampleHash.Of(images, cancellation),
        });

    /// <summary>Opens model and examples as a run was planned with them.</summary>
    internal (OnnxModel Model, ItemSet Images) Open(CommandContext context, RunManifest manifest)
    {
        var path = context.Get(_model) ?? manifest.Model;
        if (!File.Exists(path)) throw new OnnxEngineException(ErrorKind.Usage, $"The model '{path}' is not there; say where it is on this machine with --model.");
        var inputs = new ModelAndData
        {
            Path = path,
            Model = context.Load(path),
            Output = manifest.Options.Output,
            Task = manifest.Options.Task,
            Pooling = manifest.Options.Pooling,
            Alphabet = manifest.Options.Alphabet,
            Preprocessing = manifest.Data.Preprocessing,
            DataPath = context.Get(_data) ?? manifest.Data.Path,
            EvalPath = context.Get(_evalData) ?? manifest.Data.EvalPath,
            Calibration = ModelAndDataOptions.DefaultCalibration,
            Labels = manifest.Data.Labels,
            Columns = manifest.Data.Columns,
            Tokenizer = manifest.Data.Tokenizer is { } tokenizer && File.Exists(tokenizer) ? tokenizer : TextTokenizer.Beside(path),
            InputShapes = manifest.Data.InputShapes,
            Seed = manifest.Options.Seed,
        };
        return (inputs.Model, ExampleOptions.Open(context, inputs, manifest.Data.Count, manifest.Data.From).Images);
    }

    /// <summary>Facts that files of attributions carry beside those of their making.</summary>
    internal static Dictionary<string, string> Facts(int examples, string from) => new() { ["examples"] = FormattableString.Invariant($"{examples}"), ["from"] = from };

    static string? Absolute(string? path) => path is null || path.StartsWith("random:", StringComparison.Ordinal) ? path : Path.GetFullPath(path);
}
