using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Tasks;

/// <summary>
/// Finds out how a model wants its pixels by trying the normalisations that published models were trained with.
/// A near miss costs a point of accuracy, a wrong one half of it, and nothing in the file tells.
/// </summary>
sealed record PreprocessingSearch
{
    /// <summary>The trials, best first.</summary>
    public required IReadOnlyList<PreprocessingTrial> Trials { get; init; }

    /// <summary>Accuracy of always naming the commonest class of the sample.</summary>
    public double Chance => Best.Evaluation.PerClass.Max(tally => (double)tally.Count) / Best.Evaluation.Count;

    /// <summary>The best trial.</summary>
    public PreprocessingTrial Best => Trials[0];

    /// <summary>Trials that this sample cannot tell from the best: their paired difference is within two standard errors.</summary>
    public IEnumerable<PreprocessingTrial> Ties => Trials.Skip(1).Where(trial =>
        PairedDifference.Of(Best.Evaluation.Correct, trial.Evaluation.Correct) is var difference
        && Math.Abs(difference.Difference) <= 2 * difference.StandardError);

    /// <summary>Whether even the best trial is within four standard errors of guessing: then the cause lies elsewhere.</summary>
    public bool IsNearChance => Best.Evaluation.Top1 < Chance + (4 * Math.Sqrt(Chance * (1 - Chance) / Best.Evaluation.Count));

    /// <summary>Whether the normalisation makes no difference at all, as with float arrays, which are taken as they are.</summary>
    public bool IsIndifferent => Trials.Count > 1 && Trials.All(trial => trial.Evaluation.MeanMargin == Best.Evaluation.MeanMargin);

    /// <summary>Tries every known normalisation (and both layouts, where the input's shape leaves that open).</summary>
    /// <param name="model">The classifier.</param>
    /// <param name="data">The data; its own normalisation is not used, its resizing and labels are.</param>
    /// <param name="options">Which output, which batch; null: defaults.</param>
    /// <param name="images">Number of test images to try on, drawn by the data's seed.</param>
    /// <param name="progress">Told how many trials are done.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <exception cref="OnnxEngineException">The data cannot be read, or the model takes no normalised pixels.</exception>
    public static PreprocessingSearch Run(
        OnnxModel model,
        DataOptions data,
        EvaluationOptions? options = null,
        int images = 500,
        IProgress<WorkProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        options ??= new EvaluationOptions();
        using var execution = ExecutionOptions.Enter(options.Execution);
        using var session = new ClassifierSession(model, options.Output, options.Batch);
        var input = session.Signature.Input;
        if (input.IsUInt8)
            throw new OnnxEngineException(
                ErrorKind.Usage, $"The input '{session.Signature.InputName}' takes 8-bit pixels and the model normalises them itself; there is nothing to try.");

        var variants = Layouts(input, data.Preprocessing?.Layout)
            .SelectMany(layout => Preprocessing.KnownVariants((input with { Layout = layout.Layout }).Channels).Select(variant => (
                Name: variant.Name + layout.Suffix,
                layout.Layout,
                Preprocessing: variant.Preprocessing with { Layout = layout.Layout, Resize = data.Preprocessing?.Resize })))
            .ToArray();
        var trials = new List<PreprocessingTrial>();
        foreach (var (name, layout, preprocessing) in variants)
        {
            progress?.Report(new WorkProgress("trying normalisations", trials.Count, variants.Length));
            var trial = ModelData.Open(
                data with { Preprocessing = preprocessing, TestLimit = images, TestOnly = true, Outputs = session.Signature.Classes },
                input with { Layout = layout });
            var test = trial.Test ?? throw new OnnxEngineException(ErrorKind.Data, $"'{data.Path}' holds no image to test on.");
            trials.Add(new PreprocessingTrial(name, preprocessing, Evaluator.Evaluate(session, test, null, cancellation)));
        }

        progress?.Report(new WorkProgress("trying normalisations", variants.Length, variants.Length));
        return new PreprocessingSearch { Trials = [.. trials.OrderByDescending(trial => trial.Evaluation.Top1).ThenByDescending(trial => trial.Evaluation.MeanMargin)] };
    }

    static (PixelLayout Layout, string Suffix)[] Layouts(InputGeometry input, PixelLayout? chosen)
    {
        if (chosen is { } layout)
            return [(layout, "")];
        var isOpen = input.Rank == 3 && CanBeChannels(input.ItemShape[0]) && CanBeChannels(input.ItemShape[2]);
        return isOpen ? [(PixelLayout.Nchw, ", nchw"), (PixelLayout.Nhwc, ", nhwc")] : [(input.Layout, "")];
    }

    static bool CanBeChannels(int extent) => extent is -1 or 1 or 3 or 4;
}
