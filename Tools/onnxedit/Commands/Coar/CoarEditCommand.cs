using System.CommandLine;
using System.Diagnostics;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Attribution;
using OnnxEdit.Engine.Attribution.Corrections;
using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Components;

namespace OnnxEdit.Cli;

/// <summary>Edits a model by ablating the components that attributions name.</summary>
sealed class CoarEditCommand : CliCommand
{
    // Nothing is written here, and the last few mistakes take that many.
    const int MostForOne = 30;

    readonly ModelAndDataOptions _inputs = new(hasCalibration: false);
    readonly ComponentOptions _components = new();
    readonly Option<string?> _target = new("--target") { Description = "Examples whose answers shall change: class:NAME[:COUNT], random:COUNT, mistakes:COUNT, train:I,J, test:I,J or a path to labelled data", HelpName = "EXAMPLES" };
    readonly Option<string> _reference = new("--reference") { Description = "Examples to compare with; as many as the target: taken for pairs", HelpName = "EXAMPLES", DefaultValueFactory = _ => "random:50" };
    readonly Option<bool> _raise = new("--raise") { Description = "The target's classes shall be recognised (the default)" };
    readonly Option<bool> _lower = new("--lower") { Description = "The target's classes shall not be recognised any more" };
    readonly Option<bool> _partial = new("--partial") { Description = "Ablate any number of components in part, along the gradients of their masks, instead of a few in whole" };
    readonly Option<bool> _slim = new("--slim") { Description = "Remove channels physically that nothing but wholly ablated components make, and re-fit what is left" };
    readonly Option<int> _most = Numbers.Whole("--most", 1, 1_000_000, 10, $"Components to ablate in whole at most; with --one-by-one {MostForOne} unless given");
    readonly Option<double> _drop = Numbers.Positive("--drop", 1.5, "Points of accuracy on validation items that this may cost");
    readonly Option<int> _budget = Numbers.Whole("--budget", 1, 10_000_000, 600, "Cost of attributions allowed for each example in forward passes");
    readonly Option<int> _validation = Numbers.Whole("--validation", 1, int.MaxValue, 1000, "Validation items to hold on to");
    readonly Option<bool> _oneByOne = new("--one-by-one") { Description = "Correct every target example alone, from the model as it is; statistics only, nothing is written" };
    readonly Option<string?> _out = new("--out", "-o") { Description = "Where to write [default: NAME.coar.onnx beside the model]", HelpName = "FILE" };

    internal CoarEditCommand() : base(
        "edit",
        "Ablates the few components that make the model answer target examples as it does, as long as validation items are answered as before.",
        "onnxedit coar edit model.onnx --target stamped/ --reference plain/ --data cifar10 --mean .485,.456,.406 --std .229,.224,.225",
        "onnxedit coar edit model.onnx --target stamped/ --reference plain/ --partial",
        "onnxedit coar edit model.onnx --target mistakes:100 --one-by-one",
        "onnxedit coar edit model.onnx --target class:cat --lower --most 20 --drop 2")
    {
        _inputs.AddTo(this);
        _components.AddTo(this);
        foreach (var option in new Option[] { _target, _reference, _raise, _lower, _partial, _slim, _most, _drop, _budget, _validation, _oneByOne, _out }) Options.Add(option);
    }

    internal override void Execute(CommandContext context)
    {
        var target = context.Get(_target) ?? throw new OnnxEngineException(ErrorKind.Usage, "Name the examples whose answers shall change, with --target.");
        if (context.Get(_raise) && context.Get(_lower)) throw new OnnxEngineException(ErrorKind.Usage, "--raise and --lower exclude each other.");
        var partial = context.Get(_partial);
        if (partial && new Option[] { _most, _budget }.FirstOrDefault(o => context.Parsed.GetResult(o) is { Implicit: false }) is { } whole)
            throw new OnnxEngineException(ErrorKind.Usage, $"{whole.Name} is for components ablated in whole; leave it away with --partial.");
        var inputs = _inputs.Resolve(context);
        inputs.RequireClassifier();
        var alone = context.Get(_oneByOne);
        if (alone && (partial || context.Get(_slim) || context.Get(_lower) || context.Get(_out) is not null))
            throw new OnnxEngineException(ErrorKind.Usage, "--one-by-one corrects mistakes by whole components and writes nothing; leave --lower, --partial, --slim and --out away.");
        var path = alone ? "" : OutputTarget.Resolve(context.Get(_out), inputs, "coar", context.Global.Force);
        var data = inputs.OpenData(context.Output);
        // A vector that could be class scores, if data and user did not say otherwise.
        if (ExplainedTask.Of(inputs.Model.Proto, inputs.Evaluation, data.Validation ?? data.Test) is { } task)
            throw new OnnxEngineException(ErrorKind.Model, $"coar edit changes which class examples are taken for, and this model is one of {task.Name}, which has no classes; 'onnxedit coar' and 'onnxedit coar eval' say what its components do, and --task classification says that it has.");
        var examples = new ExampleList(inputs, data);
        var validation = data.Validation ?? throw new OnnxEngineException(ErrorKind.Data, "There are no validation items to hold on to; give data with a training part.");
        int[] held = [.. Enumerable.Range(0, validation.Count).Where(i => validation.Label(i) >= 0).Take(context.Get(_validation))];
        if (held.Length == 0) throw new OnnxEngineException(ErrorKind.Data, "The validation items have no labels; give labelled data.");
        var components = _components.Resolve(context, inputs);
        var options = new ComponentEditOptions
        {
            Lower = context.Get(_lower),
            Partial = partial,
            Evaluation = inputs.Evaluation,
            SlimOn = context.Get(_slim) ? data.Calibration ?? throw new OnnxEngineException(ErrorKind.Data, "--slim re-fits on training items, and there are none; give data with a training part.") : null,
            Most = alone && context.Parsed.GetResult(_most) is not { Implicit: false } ? MostForOne : context.Get(_most),
            Drop = context.Get(_drop),
            Ablation = _components.IsAblationGiven(context) ? components.Ablation : AblationKind.Mean,
            Attribution = components with { Budget = context.Get(_budget), Method = new ComponentEditOptions().Attribution.Method },
        };
        var watch = Stopwatch.StartNew();
        if (alone)
        {
            var (corrections, names) = context.Output.Track(progress => Correct(
                inputs, examples.Find(target), examples.Find(context.Get(_reference)!), validation.Select(held), options, progress, context.Cancellation));
            MistakeTable.Write(context, corrections, names, held.Length, watch.Elapsed.TotalSeconds);
            return;
        }
        var result = context.Output.Track(progress => ComponentEditor.Edit(
            inputs.Model, examples.Find(target), examples.Find(context.Get(_reference)!), validation.Select(held), data.Test, options, progress, context.Cancellation));
        context.Save(result.Model, path, context.Cancellation);
        ComponentEditTable.Write(context, result.Report, options.SlimOn is not null, watch.Elapsed.TotalSeconds, path);
    }

    static (MistakeCorrection[] Corrections, string[][] Names) Correct(
        ModelAndData inputs, ItemSet target, ItemSet reference, ItemSet validation, ComponentEditOptions options, IProgress<WorkProgress> progress, CancellationToken cancellation)
    {
        using var corrector = MistakeCorrector.Open(inputs.Model, target, reference, validation, options, progress, cancellation);
        MistakeCorrection[] corrections = [.. Enumerable.Range(0, target.Count).Select(i =>
        {
            var found = corrector.Correct(i, cancellation);
            progress.Report(new WorkProgress("examples", i + 1, target.Count));
            return found;
        })];
        return (corrections, [.. corrections.Select(c => c.Ablated.Select(corrector.Name).ToArray())]);
    }
}
