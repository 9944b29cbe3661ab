using System.CommandLine;
using OnnxEdit.Engine.Attribution;
using OnnxEdit.Engine.Attribution.Ablations;
using OnnxEdit.Engine.Attribution.Methods;

namespace OnnxEdit.Cli;

/// <summary>How attributions are estimated and at what cost.</summary>
sealed class AttributionSettings
{
    readonly ComponentOptions _components = new();
    readonly Option<int> _budget = Numbers.Whole("--budget", 1, 10_000_000, 1200, "Cost allowed for each example in forward passes; one forward and backward counts 3");
    readonly Option<string> _method = Numbers.OneOf(
        "--method", AttributionMethods.Table, new AttributionOptions().Method, "Mask gradients and ablations, either alone, or a baseline");
    readonly WordOption<MaskDesignKind> _design = new("--design", MaskDesignKind.Bernoulli, "How ablations are drawn: each component by itself, exactly a share, or all in turn");
    readonly Option<int?> _batch = Numbers.OptionalWhole("--batch", 1, "Examples per run, for models with an open batch [default: 32, fewer where their activations take more than 1 GiB]");
    readonly Option<int> _chunk = Numbers.Whole("--chunk", 1, 1_000_000, 64, "Ablations in a chunk, what is lost at most when a task is killed; the last bits of gradients depend on it");

    internal void AddTo(Command command)
    {
        _components.AddTo(command);
        foreach (var option in new Option[] { _budget, _method, _design, _batch, _chunk }) command.Options.Add(option);
    }

    internal AttributionOptions Resolve(CommandContext context, ModelAndData inputs) => _components.Resolve(context, inputs) with
    {
        Budget = context.Get(_budget),
        Batch = context.Get(_batch),
        Chunk = context.Get(_chunk),
        Design = context.Get(_design)!.Value,
        Method = context.Get(_method)!,
    };
}
