using System.CommandLine;
using System.Globalization;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Deployment;
using OnnxEdit.Engine.Deployment.Gates;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>Publishes a model in a model repository, or says which version is served.</summary>
sealed class DeployCommand : CliCommand
{
    readonly ModelAndDataOptions _inputs = new(hasCalibration: false);
    readonly Option<string> _to = new("--to") { Description = "The model repository, a folder; made when missing", HelpName = "REPO", Required = true };
    readonly Option<string?> _name = new("--name") { Description = "The model's name there", HelpName = "NAME" };
    readonly WordOption<DeploymentFormat> _format = new("--format", DeploymentFormat.Triton, "The server to write for; the layout is the same for all");
    readonly Option<string?> _storage = new("--storage-uri") { Description = "Where the cluster finds the repository, for kserve", HelpName = "URI" };
    readonly Option<string?> _parity = new("--parity") { Description = "A model whose outputs must be the same, for an exact edit", HelpName = "SOURCE" };
    readonly (string Name, Option<double?> Option)[] _gates = [.. DeploymentGates.Table.Rows.Select(row => (row.Name, Numbers.OptionalReal($"--{row.Name}", row.Bounds, row.Help!)))];
    readonly Option<string[]> _require = new("--require") { Description = "What a metric of the model's task must reach on the test data, fractions in percent: spearman=85, map50=40, cer=3 (errors: at most); may be given several times", HelpName = "METRIC=VALUE" };
    readonly Option<int?> _limit = Numbers.OptionalWhole("--limit", 1, "Test on this many items at most, drawn by the seed");
    readonly Option<bool> _openBatch = new("--dynamic-batch") { Description = "Open a batch that the export fixed at 1, and check that batched answers are the same" };
    readonly Option<int> _maxBatch = Numbers.Whole("--max-batch", 1, 65536, 64, "Items that a server may put together");
    readonly Option<string?> _activate = new("--activate") { Description = "Serve the new version at once; without a model: serve version V", HelpName = "V", Arity = ArgumentArity.ZeroOrOne };
    readonly Option<bool> _rollback = new("--rollback") { Description = "Serve the version again that was active before" };
    readonly Option<bool> _list = new("--list") { Description = "List the versions of the model, or all models" };

    internal DeployCommand() : base(
        "deploy",
        "Publishes a model in a model repository after checking it, and says how to serve it. Earlier versions stay.",
        "onnxedit deploy model.slim.onnx --to repo --name resnet --activate",
        "onnxedit deploy model.slim.onnx --to repo --name resnet --require-accuracy 92 --require-speedup 1.2",
        "onnxedit deploy --to repo --name resnet --rollback",
        "onnxedit deploy --to repo --list")
    {
        _inputs.AddTo(this);
        Option[] options = [_to, _name, _format, _storage, _parity, .. _gates.Select(gate => gate.Option), _require, _limit, _openBatch, _maxBatch, _activate, _rollback, _list];
        foreach (var option in options)
            Options.Add(option);
    }

    internal override void Execute(CommandContext context)
    {
        var isActivation = context.Parsed.GetResult(_activate) is { Implicit: false };
        var manages = context.Get(_list) || context.Get(_rollback) || (isActivation && context.Get(_activate) is not null);
        if (manages && _inputs.Given(context) is { } model)
            throw new OnnxEngineException(ErrorKind.Usage, $"--list, --rollback and --activate V are about versions that are deployed already; leave '{model}' away, or write --activate without a number.");
        if (context.Get(_list)) DeploymentTable.List(context, new ModelRepository(context.Get(_to)!), context.Get(_name));
        else if (manages) Change(context);
        else Deploy(context, isActivation);
    }

    string Called(CommandContext context) => context.Get(_name) ?? throw new OnnxEngineException(ErrorKind.Usage, "Name the model in the repository with --name NAME.");

    void Change(CommandContext context)
    {
        var repository = new ModelRepository(context.Get(_to)!);
        var name = Called(context);
        var manifest = context.Get(_rollback)
            ? Deployer.Rollback(repository, name)
            : Deployer.Activate(repository, name, int.TryParse(context.Get(_activate), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
                ? version
                : throw new OnnxEngineException(ErrorKind.Usage, $"--activate takes the number of a version, not '{context.Get(_activate)}'; to deploy a model and activate it, write the model first."));
        if (context.Global.Json) context.Output.Json("deploy", 1, new { Repository = repository.Root, Deployment = manifest });
        else context.Output.Line($"{name}: version {manifest.Active} is active");
    }

    void Deploy(CommandContext context, bool activate)
    {
        var name = Called(context);
        ModelRepository.RequireName(name);
        ServingFiles.Require(name, context.Get(_format)!.Value, context.Get(_storage));
        var inputs = _inputs.Resolve(context);
        var data = inputs.HasData ? inputs.OpenData(context.Output, testOnly: true, context.Get(_limit)) : null;
        var options = new DeployOptions
        {
            Repository = context.Get(_to)!,
            Name = name,
            Format = context.Get(_format)!.Value,
            StorageUri = context.Get(_storage),
            OpenBatch = context.Get(_openBatch),
            MaxBatchSize = context.Get(_maxBatch),
            Parity = context.Get(_parity) is { } source ? context.Load(source) : null,
            Gates = _gates.Select(gate => (gate.Name, Limit: context.Get(gate.Option))).Where(gate => gate.Limit is not null).ToDictionary(gate => gate.Name, gate => gate.Limit!.Value),
            Required = Required(context.Get(_require) ?? []),
            Activate = activate,
            Labels = data?.ClassNames,
            Preprocessing = inputs.Preprocessing,
            Evaluation = inputs.Evaluation,
            InputShapes = inputs.WithSizes(context.Output, data).InputShapes!,
        };
        var result = context.Output.Track(progress => Deployer.Deploy(inputs.Model, options, data?.Test, progress, context.Cancellation));
        foreach (var note in result.Notes) context.Output.Note(note);
        DeploymentTable.Write(context, new ModelRepository(options.Repository), result, options.Format);
    }

    static Dictionary<string, double> Required(string[] given)
    {
        var required = new Dictionary<string, double>();
        foreach (var text in given)
            if (text.Split('=') is not [{ Length: > 0 } metric, var value] || !double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var limit) || !double.IsFinite(limit) || !required.TryAdd(metric, limit))
                throw new OnnxEngineException(ErrorKind.Usage, $"--require takes a metric and its limit, each metric once, such as spearman=85, not '{text}'.");
        return required;
    }
}
