using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Tasks.Trials;

/// <summary>
/// Finds out how a model wants its pixels by trying the normalisations that published models were trained with.
/// A near miss costs a point of accuracy, a wrong one half of it, and nothing in the file tells.
/// </summary>
sealed record PreprocessingSearch
{
    /// <summary>The trials, the most accurate first; those that were ruled out on few pictures come last.</summary>
    public required IReadOnlyList<PreprocessingTrial> Trials { get; init; }

    /// <summary>Whether the data is arrays, which are taken as they are.</summary>
    public bool IsArrays { get; init; }

    /// <summary>Whether time ended it before all pictures were looked at.</summary>
    public bool IsCutShort { get; init; }

    /// <summary>The trial to believe: of those that accuracy cannot tell from the first, the likeliest by the scores and by how usual it is.</summary>
    public PreprocessingTrial Best => Alike(Trials[0]).Prepend(Trials[0]).MaxBy(trial => OtherLabels is null ? trial.Evidence(Common) : trial.Prior)!;

    /// <summary>Accuracy of always naming the commonest class of the sample.</summary>
    public double Chance => Best.Chance;

    /// <summary>
    /// The labels and the predictions of <see cref="Best"/> where other labels for the same classes, one for one, agree with
    /// significantly more pictures and all clearly; else null. Then the trials are ranked by what these labels agree with.
    /// </summary>
    public LabelAgreement? OtherLabels { get; init; }

    /// <summary>Trials that this sample cannot tell from the best: their paired difference is within two standard errors.</summary>
    public IEnumerable<PreprocessingTrial> Ties => Alike(Best);

    /// <summary>Whether even the best trial is within four standard errors of guessing: then the cause lies elsewhere.</summary>
    public bool IsNearChance => Best.Top1 < Chance + (4 * Math.Sqrt(Chance * (1 - Chance) / Best.Images));

    /// <summary>Whether the normalisation makes no difference at all, as with float arrays or where the model normalises by itself.</summary>
    public bool IsIndifferent => IsArrays || Trials.Count > 1 && Trials.All(trial => trial.Images == Best.Images && trial.MeanMargin == Best.MeanMargin);

    /// <summary>Tries every known normalisation, both layouts where the input's shape leaves that open, and the usual ways to resize where pictures have another size.</summary>
    /// <param name="model">The classifier.</param>
    /// <param name="data">The data; its own normalisation is not used, its labels are, and its resizing where it has one.</param>
    /// <param name="options">Which output, which batch; null: defaults.</param>
    /// <param name="images">Number of test images to try on at most, drawn by the data's seed.</param>
    /// <param name="progress">Told how many images are done.</param>
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
        if (session.Signature.Inputs.Count > 1)
            throw new OnnxEngineException(
                ErrorKind.Usage, $"The model has {session.Signature.Inputs.Count} inputs, whose data are arrays that are taken as they are; there is nothing to try.");
        var input = session.Signature.Input;
        if (input.IsUInt8)
            throw new OnnxEngineException(
                ErrorKind.Usage, $"The input '{input.Name}' takes 8-bit pixels and the model normalises them itself; there is nothing to try.");

        data = data with { TestLimit = images, TestOnly = true, Outputs = session.Signature.Classes };
        if (PictureSizes.Of(data, input) is not { } sizes) return new PreprocessingSearch { Trials = [AsTheyAre(session, data, progress, cancellation)], IsArrays = true };
        var rounds = new PreprocessingRounds(session, Macs(model.Proto), data, sizes, progress, cancellation);
        rounds.Run();
        var other = rounds.IsByLabels ? rounds.MostMapped.Agreement : null;
        if (other?.Mapping is null) other = null;
        var common = rounds.Alive.Min(t => t.Images);
        return new PreprocessingSearch
        {
            Trials = [.. rounds.Trials.OrderBy(t => t.IsRuledOut)
                .ThenByDescending(t => PreprocessingTrial.Share([.. (other is null ? t.Correct : t.Mapped).Take(t.IsRuledOut ? t.Images : common)])).ThenByDescending(t => t.MeanMargin)],
            OtherLabels = other,
            IsCutShort = rounds.IsCutShort,
        };
    }

    IEnumerable<PreprocessingTrial> Alike(PreprocessingTrial one) => Trials.Where(trial => trial != one && !trial.IsRuledOut
        && PairedDifference.Of(Judged(one, Common), Judged(trial, Common)) is var difference
        && Math.Abs(difference.Difference) <= 2 * difference.StandardError);

    int Common => Trials.Where(t => !t.IsRuledOut).Min(t => t.Images);

    bool[] Judged(PreprocessingTrial trial, int images) => [.. (OtherLabels is null ? trial.Correct : trial.Mapped).Take(images)];

    // Of one picture; 0 where that cannot be found.
    static double Macs(ModelProto model)
    {
        try
        {
            return ModelCounts.Of(model, ShapeTrace.Run(model, OpenInputs.Find(model, null).Shapes).Sizes).Macs;
        }
        catch (OnnxSurgeryException)
        {
            return 0;
        }
    }

    static PreprocessingTrial AsTheyAre(ClassifierSession session, DataOptions data, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var items = ModelData.Open(data, session.Signature.Input).Test ?? throw new OnnxEngineException(ErrorKind.Data, $"'{data.Path}' holds no image to test on.");
        var trial = new PreprocessingTrial("as they are", data.Preprocessing ?? new Preprocessing());
        trial.Add(Evaluator.Evaluate(session, items, progress, cancellation));
        return trial;
    }
}
