using System.CommandLine;
using System.Diagnostics;
using OnnxEdit.Engine;

namespace OnnxEdit.Cli;

/// <summary>Estimates what each component contributes to the answer of each example.</summary>
sealed class CoarCommand : CliCommand
{
    readonly ModelAndDataOptions _inputs = new(hasCalibration: false);
    readonly ExampleOptions _examples = new();
    readonly ComponentOptions _components = new();
    readonly Option<int> _budget = Numbers.Whole("--budget", 1, 10_000_000, 1200, "Cost allowed for each example in forward passes; one forward and backward counts 3");
    readonly Option<string> _method = Numbers.OneOf("--method", ["combined", "gradients", "ridge", "ols", "loo", "gradient-x-parameter"], "combined", "Mask gradients and ablations, either alone, or a baseline");
    readonly Option<int> _batch = Numbers.Whole("--batch", 1, 4096, 32, "Examples per run, for models with an open batch");
    readonly Option<string?> _out = new("--out", "-o") { Description = "Where to write [default: NAME.coar.safetensors beside the model]", HelpName = "FILE" };

    internal CoarCommand() : base(
        "coar",
        "Estimates what every component (filter, neuron, head) contributes to the answer of every example, and writes the scores. 'coar eval' says how well they predict ablations, 'coar show' lists the components that count.",
        "onnxedit coar model.onnx --data cifar10 --mean .485,.456,.406 --std .229,.224,.225",
        "onnxedit coar vit.onnx --components heads,neurons --examples 100 --budget 600 -o vit.safetensors")
    {
        _inputs.AddTo(this);
        _examples.AddTo(this);
        _components.AddTo(this);
        foreach (var option in new Option[] { _budget, _method, _batch, _out }) Options.Add(option);
        Subcommands.Add(new CoarEvalCommand());
        Subcommands.Add(new CoarShowCommand());
        Subcommands.Add(new CoarEditCommand());
    }

    internal override void Execute(CommandContext context)
    {
        var inputs = _inputs.Resolve(context);
        inputs.RequireClassifier();
        var path = context.Get(_out) ?? Path.ChangeExtension(inputs.Path, ".coar.safetensors");
        OutputTarget.Require(path, inputs.Model, context.Global.Force);
        var options = _components.Resolve(context, inputs) with
        {
            Budget = context.Get(_budget),
            Batch = context.Get(_batch),
            Method = context.Get(_method) switch
            {
                "gradients" => AttributionMethod.Gradients,
                "ridge" => AttributionMethod.Ridge,
                "ols" => AttributionMethod.Ols,
                "loo" => AttributionMethod.LeaveOneOut,
                "gradient-x-parameter" => AttributionMethod.GradientTimesParameter,
                _ => AttributionMethod.Combined,
            },
        };
        var (images, from, names) = _examples.Open(context, inputs);
        var watch = Stopwatch.StartNew();
        var result = context.Output.Track(progress => new Attributor(inputs.Model, images, options, progress, context.Cancellation).Attribute());
        result = result.WithFacts(new Dictionary<string, string> { ["examples"] = FormattableString.Invariant($"{images.Count}"), ["from"] = from });
        result.Save(path, context.Global.Force);
        AttributionTable.Write(context, result, options, names, watch.Elapsed.TotalSeconds, path);
    }
}
