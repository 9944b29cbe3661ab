using System.CommandLine;
using System.Globalization;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Scores;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Engine.Slimming.Metrics;
using OnnxEdit.Kernels.Witness;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;

namespace OnnxEdit.Cli;

/// <summary>Makes a model smaller and faster.</summary>
sealed class SlimCommand : CliCommand
{
    readonly ModelAndDataOptions _inputs = new(hasCalibration: true);
    readonly Option<double?> _sparsity = Numbers.OptionalReal("--sparsity", Bounds.Above(0).Below(1), "Fraction of the parameters to remove");
    readonly Option<string?> _target = new("--target") { Description = $"What may be left: {BudgetMetrics.Examples("of the original's")}", HelpName = "WHAT=X" };
    readonly Option<double?> _maxDrop = Numbers.OptionalReal("--max-drop", Bounds.Above(0).Below(100), "Smallest model that loses at most this many points of accuracy on held-out training data");
    readonly Option<string?> _plan = new("--plan") { Description = "Apply a saved plan", HelpName = "FILE" };
    readonly Option<string?> _planOut = new("--plan-out") { Description = "Save the plan", HelpName = "FILE" };
    readonly Option<bool> _dryRun = new("--dry-run", "-n") { Description = "Show the plan, make nothing" };
    readonly Option<string?> _moments = new("--moments") { Description = "Statistics written by onnxedit stats, used where there is no --data", HelpName = "FILE" };
    readonly Option<string> _score = Numbers.OneOf("--score", ChannelScores.Table, new SlimOptions().Score, "How channels are ranked");
    readonly WordOption<ClassAggregation> _aggregate = new("--aggregate", ClassAggregation.Max, "How scores of classes become one");
    readonly WordOption<RecoveryKind> _recovery = new("--recovery", RecoveryKind.LeastSquares, "What is done to the weights that are left");
    readonly Option<string> _align = new("--align")
    {
        Description = "Channel counts become multiples of this; auto: what is fast on this machine",
        HelpName = "auto|N",
        DefaultValueFactory = _ => "auto",
    };
    readonly WordOption<HeadCut> _attention = AttentionOption.Create();
    readonly Option<string?> _finetune = FinetuneOption.Create("Then fine-tune for so long, e.g. 5m, or so many steps, on the original's answers (no labels)");
    readonly Option<string?> _out = new("--out", "-o") { Description = "Where to write [default: NAME.slim.onnx beside the model]", HelpName = "FILE" };
    readonly Option<string?> _report = ReportOption.Create();

    internal SlimCommand() : base(
        "slim",
        "Makes a model smaller and faster: removes channels, re-fits the rest, measures the result. (For constant folding alone there are onnxsim and OnnxSlim.)",
        "onnxedit slim model.onnx --sparsity 0.4 --data cifar10 --mean .485,.456,.406 --std .229,.224,.225",
        "onnxedit slim model.onnx --target ms=0.7 --data images",
        "onnxedit slim model.onnx --max-drop 1.0 --data images",
        "onnxedit slim model.onnx --sparsity 0.4 --data images --finetune 5m",
        "onnxedit slim model.onnx --sparsity 0.4 --moments model.moments")
    {
        _inputs.AddTo(this);
        foreach (var option in new Option[] { _sparsity, _target, _maxDrop, _plan, _planOut, _dryRun, _moments, _score, _aggregate, _recovery, _align, _attention, _finetune, _out, _report })
            Options.Add(option);
    }

    internal override void Execute(CommandContext context)
    {
        var inputs = _inputs.Resolve(context).WithSizes(context.Output);
        var options = SlimOptions(context, inputs);
        var finetune = FinetuneOption.Parse(context.Get(_finetune), context, inputs);
        if (finetune is not null) RequireTraining(inputs, options);
        new SlimJob(context, inputs, options)
        {
            Moments = context.Get(_moments),
            Finetune = finetune,
            PlanOut = context.Get(_planOut),
            Report = context.Get(_report),
            Target = options.PlanOnly ? null : OutputTarget.Resolve(context.Get(_out), inputs, "slim", context.Global.Force),
        }.Run();
    }

    static void RequireTraining(ModelAndData inputs, SlimOptions options)
    {
        if (!inputs.HasData || inputs.IsEvalOnly) throw new OnnxEngineException(ErrorKind.Usage, "--finetune trains on items; give them with --data.");
        if (options.PlanOnly) throw new OnnxEngineException(ErrorKind.Usage, "--dry-run makes no model that --finetune could train; leave one of them out.");
    }

    SlimOptions SlimOptions(CommandContext context, ModelAndData inputs)
    {
        var plan = context.Get(_plan);
        return new SlimOptions
        {
            Plan = plan is null ? null : SlimPlan.Load(plan),
            Budget = Budget(context, plan),
            Score = context.Get(_score)!,
            Aggregation = context.Get(_aggregate)!.Value,
            Recovery = context.Get(_recovery)!.Value,
            Align = Align(context.Get(_align)!),
            Attention = context.Get(_attention)!.Value,
            PlanOnly = context.Get(_dryRun),
            Seed = context.Global.Seed,
            Evaluation = inputs.Evaluation,
            InputShapes = inputs.InputShapes,
        };
    }

    SlimBudget Budget(CommandContext context, string? plan)
    {
        SlimBudget?[] given =
        [
            context.Get(_sparsity) is { } sparsity ? SlimBudget.Sparsity(sparsity) : null,
            context.Get(_target) is { } target ? SlimBudget.Parse(target) : null,
            context.Get(_maxDrop) is { } drop ? SlimBudget.MaxDrop(drop) : null,
        ];
        var budgets = given.OfType<SlimBudget>().ToArray();
        if (budgets.Length + (plan is null ? 0 : 1) != 1)
            throw new OnnxEngineException(ErrorKind.Usage, "Say how much to remove, in one way: --sparsity 0.4, --target macs=0.6, --max-drop 1.0 or --plan FILE.");
        return budgets is [var one] ? one : SlimBudget.Sparsity(0.5);
    }

    static int? Align(string text) => text == "auto" ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var multiple) && multiple is >= 1 and <= 256 ? multiple
        : throw new OnnxEngineException(ErrorKind.Usage, $"--align takes auto or a whole number from 1 to 256, not '{text}'.");
}
