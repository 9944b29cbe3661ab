using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Refit.Columns;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;

namespace OnnxEdit.Engine.Refit;

/// <summary>Gram sums and masked errors of the original network over calibration images, asked for in graph order.</summary>
sealed class CalibrationGrams : IDisposable
{
    readonly NormalisedModel _model;
    readonly ItemLayout _layout;
    readonly PrefixRunner _original;
    readonly GramCollector _collector;
    readonly List<UnitTarget> _targets;
    readonly CancellationToken _cancellation;
    readonly ItemSet _images;
    readonly int _batch;
    readonly IProgress<WorkProgress>? _progress;
    IReadOnlyDictionary<string, double>? _gains;

    /// <summary>Starts with the images.</summary>
    /// <param name="model">The original.</param>
    /// <param name="images">Calibration images.</param>
    /// <param name="batch">Images per run.</param>
    /// <param name="positions">Output positions sampled per image.</param>
    /// <param name="seed">Seed of these.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <param name="progress">Told of what takes long beside the sums.</param>
    public CalibrationGrams(NormalisedModel model, ItemSet images, int batch, int positions, ulong seed, CancellationToken cancellation, IProgress<WorkProgress>? progress = null)
    {
        (_model, _images, _batch, _layout, _cancellation, _progress) = (model, images, batch, ItemLayout.Of(model), cancellation, progress);
        _original = new PrefixRunner(model.Proto, _layout, images, batch);
        _collector = new GramCollector(seed, positions);
        _targets = UnitTarget.All(model.Proto, model.Trace);
    }

    /// <summary>Sums of a consumer whose target is the original value of the tensor it feeds.</summary>
    public GramSums[] Of(UnitTarget target, int number)
    {
        var patches = Ready(target);
        return _collector.Collect(patches, target.Unit.Input, _original, _layout.RowShape(target.Unit.Output),
            (first, count, destination) => _original.Read(target.Tensor, first, count, destination), (ulong)number, _cancellation, halves: false);
    }

    /// <summary>The columns of such a consumer instead, where they are too few for sums; else null.</summary>
    public PatchColumns[]? Columns(UnitTarget target, int number)
    {
        if (!_collector.IsWide(PatchGraph.Of(target.Unit, _model, _layout), _original.Count)) return null;
        var patches = Ready(target);
        return _collector.CollectColumns(patches, target.Unit.Input, _original, _layout.RowShape(target.Unit.Output),
            (first, count, destination) => _original.Read(target.Tensor, first, count, destination), (ulong)number, _cancellation);
    }

    PatchGraph Ready(UnitTarget target)
    {
        var unit = target.Unit;
        // Units are asked for in graph order, so what only earlier units read can go.
        var at = _targets.FindIndex(t => t.Unit.Output == unit.Output);
        _original.Forget([.. _targets.Skip(at).SelectMany(t => new[] { t.Unit.Input, t.Tensor })]);
        _original.Compute([unit.Input, target.Tensor], _cancellation);
        return PatchGraph.Of(unit, _model, _layout);
    }

    /// <summary>What masking cells at a reader that is no linear unit does to the next units, see <see cref="MaskedDamage"/>.</summary>
    public Dictionary<int, double>? Masked(ConsumerSlice[] slices, int[] cells, (bool Queries, bool Keys) fit) =>
        MaskedDamage.Measure(_model, _original, slices, cells, _targets, Gains, fit, _cancellation);

    /// <summary>What a relative error in the tensor of each unit counts.</summary>
    public IReadOnlyDictionary<string, double> Gains => _gains ??= ErrorGains.Measure(_model, _layout, _targets, _images, _batch, _cancellation, _progress);

    /// <inheritdoc/>
    public void Dispose() => _original.Dispose();
}
