using System.CommandLine;
using System.Globalization;
using OnnxEdit.Engine;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>
/// The model argument and the data options that most commands share. What the command line leaves out comes from
/// onnxedit.json beside the model or in the current folder.
/// </summary>
sealed class ModelAndDataOptions
{
    readonly Argument<string?> _model = new("model")
    {
        Description = $"The ONNX file; may be left out where {ProjectConfig.FileName} names one",
        Arity = ArgumentArity.ZeroOrOne,
    };

    readonly Option<string?> _data = new("--data")
    {
        Description = "Image folder (one sub-folder per class), CIFAR or MNIST files, .npz/.npy, Parquet, texts (.csv, .tsv, .jsonl), or random:N",
        HelpName = "PATH",
    };

    readonly Option<string?> _evalData = new("--eval-data") { Description = "Test on this data instead of the test part of --data", HelpName = "PATH" };
    readonly Option<int?> _calibration;
    readonly int _defaultCalibration;
    readonly Option<string?> _labels = new("--labels") { Description = "From labels in the data to model outputs; other labels are left out. auto: as the model's predictions say", HelpName = "DATA=OUTPUT,...|auto" };
    readonly Option<bool> _forceLabels = new("--force-labels") { Description = "Take labels as they are where the model's predictions speak against them" };
    readonly Option<string?> _output = new("--output") { Description = "The output (or inner tensor) that holds the logits", HelpName = "NAME" };
    readonly Option<string[]> _shapes = InputShapeOption.Create();
    readonly PreprocessingOptions _preprocessing = new();
    readonly ModelTaskOptions _task = new();
    readonly bool _hasCalibration;

    /// <summary>Chooses the options.</summary>
    /// <param name="hasCalibration">Whether the command learns from training images (--calibration).</param>
    /// <param name="defaultCalibration">Training images to learn from where neither the command line nor the configuration says.</param>
    internal ModelAndDataOptions(bool hasCalibration, int defaultCalibration = DefaultCalibration)
    {
        (_hasCalibration, _defaultCalibration) = (hasCalibration, defaultCalibration);
        _calibration = Numbers.OptionalWhole("--calibration", 1, FormattableString.Invariant($"Training items to collect statistics on [default: {defaultCalibration}]"));
    }

    /// <summary>Declares the argument and the options.</summary>
    internal void AddTo(Command command)
    {
        command.Arguments.Add(_model);
        command.Options.Add(_data);
        command.Options.Add(_evalData);
        if (_hasCalibration) command.Options.Add(_calibration);
        _preprocessing.AddTo(command);
        _task.AddTo(command);
        command.Options.Add(_labels);
        command.Options.Add(_forceLabels);
        command.Options.Add(_output);
        command.Options.Add(_shapes);
    }

    /// <summary>The model named on the command line, or null.</summary>
    internal string? Given(CommandContext context) => context.Get(_model);

    /// <summary>Loads the model and settles everything else; the data is not opened yet.</summary>
    /// <param name="context">The call.</param>
    /// <param name="useConfig">False to look at the command line only.</param>
    internal ModelAndData Resolve(CommandContext context, bool useConfig = true)
    {
        var given = context.Get(_model);
        var config = useConfig ? ProjectConfig.Find(given) : null;
        var path = given ?? config?.Locate(config.Model) ?? throw new OnnxEngineException(
            ErrorKind.Usage, $"Name a model: there is no {ProjectConfig.FileName} here that does (onnxedit init MODEL --data DIR writes one).");
        if (config is not null)
            context.Output.Detail($"settings from {Path.GetRelativePath(".", Path.Combine(config.Folder, ProjectConfig.FileName))}");
        var data = context.Get(_data) ?? config?.Locate(config.Data);
        // Test data of the configuration belongs to its training data; other data on the command line replaces both.
        var evalData = context.Get(_evalData) ?? (context.Get(_data) is null ? config?.Locate(config.EvalData) : null);
        var labels = context.Get(_labels);
        var model = context.Load(path);
        var inputs = new ModelAndData
        {
            Path = path,
            Model = model,
            InputShapes = InputShapeOption.Given(context, _shapes, model, config),
            Output = context.Get(_output) ?? config?.Output,
            Preprocessing = _preprocessing.Resolve(context, config),
            DataPath = data ?? evalData,
            EvalPath = data is null ? null : evalData,
            IsEvalOnly = data is null && evalData is not null,
            Calibration = (_hasCalibration ? context.Get(_calibration) : null) ?? config?.Calibration ?? _defaultCalibration,
            Labels = labels is null ? config?.Labels : labels == Auto ? null : ParseLabels(labels),
            ForceLabels = context.Get(_forceLabels),
            Seed = context.Global.Seed,
        };
        inputs = _task.Resolve(context, config, inputs);
        inputs = DataMatch.Output(inputs, context.Output);
        return labels == Auto ? DataMatch.Labels(inputs, context.Output, context.Cancellation) : inputs;
    }

    internal const int DefaultCalibration = 2000;

    const string Auto = "auto";

    static Dictionary<int, int> ParseLabels(string text)
    {
        var map = new Dictionary<int, int>();
        foreach (var pair in text.Split(','))
        {
            if (pair.Split('=') is not [var from, var to] || Whole(from) is not { } label || Whole(to) is not { } output || !map.TryAdd(label, output))
                throw new OnnxEngineException(ErrorKind.Usage, $"--labels takes pairs of numbers such as 3=0,5=1, each data label once, not '{text}'.");
        }

        return map;
    }

    static int? Whole(string text) => int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
