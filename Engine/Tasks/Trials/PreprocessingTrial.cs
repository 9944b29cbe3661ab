using OnnxEdit.Engine.Data.Pixels;

namespace OnnxEdit.Engine.Tasks.Trials;

/// <summary>One way to make inputs of pictures, and how the model did with it on the first pictures of a sample.</summary>
/// <param name="name">Short name of the way.</param>
/// <param name="preprocessing">The way itself.</param>
/// <param name="rank">How many ways are likelier before any picture was looked at.</param>
sealed class PreprocessingTrial(string name, Preprocessing preprocessing, int rank = 0)
{
    readonly List<Evaluation> _parts = [];

    /// <summary>Short name of the way.</summary>
    public string Name => name;

    /// <summary>The way itself; the layout is null where the model's input shape says it.</summary>
    public Preprocessing Preprocessing => preprocessing;

    /// <summary>Number of pictures it was tried on.</summary>
    public int Images => Correct.Count;

    /// <summary>Whether it was given up, since another was right on more pictures by more than chance or a dozen were better.</summary>
    public bool IsRuledOut { get; internal set; }

    /// <summary>Whether each picture is classified correctly.</summary>
    public IReadOnlyList<bool> Correct { get; private set; } = [];

    /// <summary>Whether each picture is predicted as the class that goes with its label in the other half of them, whatever the label is called.</summary>
    public IReadOnlyList<bool> Mapped { get; private set; } = [];

    /// <summary>Share of the pictures that are classified correctly.</summary>
    public double Top1 => Share(Correct);

    /// <summary>Mean over the pictures of logit[label] - max over the others.</summary>
    public double MeanMargin => _parts.SelectMany(p => p.Margins).DefaultIfEmpty().Average();

    /// <summary>Share of the pictures that have the commonest label.</summary>
    public double Chance => Labels.CountBy(l => l).Max(c => (double)c.Value) / Images;

    /// <summary>The labels against the predictions.</summary>
    public LabelAgreement Agreement => LabelAgreement.Of(Labels, Predicted, _parts[0].Classes);

    /// <summary>How likely the way is, in nats: before any picture was looked at, as a share that falls with the rank.</summary>
    internal double Prior => -Math.Log(1 + rank);

    /// <summary>
    /// The same after the first pictures: their labels' odds against the best other class, as the model gives them, are evidence.
    /// How sure a model is of itself is no part of it, so that the odds are taken at the temperature that suits them best.
    /// </summary>
    internal double Evidence(int images)
    {
        double[] margins = [.. _parts.SelectMany(p => p.Margins).Take(images)];
        return Prior + Enumerable.Range(-20, 41).Max(step => -margins.Sum(margin => Loss(margin * Math.Pow(2, step / 2.0))));
    }

    // log(1 + exp(-x)), which does not overflow.
    static double Loss(double x) => Math.Log(1 + Math.Exp(-Math.Abs(x))) + Math.Max(0, -x);

    internal void Add(Evaluation more)
    {
        _parts.Add(more);
        Correct = [.. Correct, .. more.Correct];
        Mapped = LabelAgreement.Crossed(Labels, Predicted);
    }

    internal static double Share(IReadOnlyList<bool> right) => (double)right.Count(r => r) / Math.Max(1, right.Count);

    int[] Labels => [.. _parts.SelectMany(p => p.Labels)];

    int[] Predicted => [.. _parts.SelectMany(p => p.Predicted)];
}
