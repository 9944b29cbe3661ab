using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Refit;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>
/// Re-fits a model with several settings in a fixed order, and keeps the first that stays within the limits on validation
/// images, else the one that exceeds them least.
/// </summary>
sealed class RefitChoice(UnlearnOptions options, ForgetMeter meter, ForgetMeter.Measured original, ItemSet validation, IProgress<WorkProgress>? progress, CancellationToken cancellation)
{
    // How far above chance the probe should read the class, relative to the original, and what more than that counts in
    // points of the class's accuracy; what a point lost on the classes that stay counts in these.
    const double ProbeTarget = 0.5, ProbeWorth = 20, DropWorth = 2;

    // Tried in this order.
    static readonly Setting[] _settings = [new(2, 3, 1), new(4, 9, 1), new(8, 27, 1), new(4, 3, .75), new(4, 9, .75), new(4, 3, .5), new(6, 6, .25), new(6, 3, 0), new(8, 9, 0)];

    /// <summary>Margin relative to the model's usual one, weight of a class to forget against one that stays, how far means are matched.</summary>
    internal sealed record Setting(double Margin, double Weight, double Match);

    /// <summary>What is usually right; the first that is tried.</summary>
    internal static Setting Usual => _settings[0];

    /// <summary>A sentence where the limits are not reached, else null.</summary>
    public string? Note { get; private set; }

    /// <summary>Re-fits the model in place.</summary>
    /// <returns>A sentence that says what was done, without its full stop.</returns>
    public string Apply(NormalisedModel model, FeatureStage stage, ClassImages images)
    {
        var layout = ItemLayout.Of(model);
        using var retained = new PrefixRunner(model.Proto, layout, images.Retained, options.Batch);
        var classes = images.Forgotten.ToArray();
        var runs = AllOrNone.Make(classes.Length, i => new PrefixRunner(model.Proto, layout, classes[i].Value, options.Batch));
        try
        {
            progress?.Report(new WorkProgress("fitting", 0, _settings.Length));
            var forgotten = classes.Zip(runs).ToDictionary(p => p.First.Key, p => p.Second);
            var fit = new ForgetFit(model, stage, retained, forgotten, options, cancellation);
            var (margin, weight, _) = Choose(model, fit);
            var name = PatchGraph.Of(stage.Last.Unit, model).Name;
            return FormattableString.Invariant(
                $"{name} re-fitted on {images.Retained.Count:N0} items of other classes and {images.Forgotten.Values.Sum(f => f.Count):N0} of those to forget (margin {margin:0.#} logits, weight {weight:0.#}), mean features matched to {100 * fit.MeanDistance:0.#} %");
        }
        finally
        {
            foreach (var prefix in runs) prefix.Dispose();
        }
    }

    Setting[] Settings() => options.Match is not { } match ? _settings
        : [.. _settings.Where(s => s.Match == 1).Select(s => s with { Match = match })];

    Setting Choose(NormalisedModel model, ForgetFit fit)
    {
        var usual = Math.Max(1e-3, fit.UsualMargin());
        var settings = Settings();
        var (best, least) = (settings[0], double.PositiveInfinity);
        (double Forgotten, double Drop) reached = default;
        for (var s = 0; s < settings.Length; s++)
        {
            fit.Apply(settings[s].Margin * usual, settings[s].Weight, settings[s].Match, cancellation);
            var edited = meter.Measure(model.Proto, validation);
            progress?.Report(new WorkProgress("fitting", s + 1, settings.Length));
            var left = 100 * edited.Evaluation.On(options.Classes.Contains);
            var drop = 100 * (original.Evaluation.On(options.Stays) - edited.Evaluation.On(options.Stays));
            var read = meter.Probes(original, edited, validation).Max(p => (p.After - 0.5) / Math.Max(p.Before - 0.5, 0.05));
            var excess = Math.Max(0, left - options.ForgetTarget) + DropWorth * Math.Max(0, drop - options.RetainDrop) + ProbeWorth * Math.Max(0, read - ProbeTarget);
            if (excess < least) (best, least, reached) = (settings[s], excess, (left, drop));
            if (excess <= 0) break;
        }
        Require(reached.Forgotten, reached.Drop);
        if (least > 0) fit.Apply(usual * best.Margin, best.Weight, best.Match, cancellation);
        return best with { Margin = best.Margin * usual };
    }

    void Require(double forgotten, double drop)
    {
        if (forgotten <= options.ForgetTarget && drop <= options.RetainDrop) return;
        var result = FormattableString.Invariant(
            $"forgotten classes at {forgotten:0.0} % (asked for: {options.ForgetTarget:0.##}) with the others losing {Math.Max(0, drop):0.0} points (asked for: {options.RetainDrop:0.##})");
        if (options.MustReach) throw new OnnxEngineException(ErrorKind.TargetNotReached, $"On the validation items the closest is {result}; ask for less with UnlearnOptions.ForgetTarget or UnlearnOptions.RetainDrop.");
        Note = $"The usual limits are not reached; the closest on the validation items: {result}.";
    }
}
