namespace OnnxEdit.Engine.Editing;

/// <summary>Edits made one at a time, each from the same model: means over all of them, those of no step and those that failed included.</summary>
/// <param name="Trials">The edits.</param>
/// <param name="TestImages">Images that drawdown was measured on.</param>
sealed record EditStatistics(IReadOnlyList<EditTrial> Trials, int TestImages)
{
    /// <summary>Mean drawdown in points, signed, with its standard error over the edits.</summary>
    public (double Mean, double StandardError) Drawdown
    {
        get
        {
            var mean = Trials.Average(t => t.Drawdown);
            var squares = Trials.Sum(t => (t.Drawdown - mean) * (t.Drawdown - mean));
            return (mean, Trials.Count < 2 ? double.NaN : Math.Sqrt(squares / (Trials.Count - 1) / Trials.Count));
        }
    }

    /// <summary>Fraction of the edits that gave the image its class.</summary>
    public double Success => Trials.Average(t => t.Outcome.Success ? 1.0 : 0);

    /// <summary>Mean number of steps.</summary>
    public double Steps => Trials.Average(t => t.Outcome.Steps);

    /// <summary>Mean fraction of the test images that got another class.</summary>
    public double Changed => Trials.Average(t => t.Changed);

    /// <summary>Mean fraction of unseen views that follow, over edits that had something to do; null where there are none.</summary>
    public double? Generality => Trials.Where(t => t.Outcome.Steps > 0).Select(t => t.Generality).Average();

    /// <summary>Mean seconds of an edit.</summary>
    public double Seconds => Trials.Average(t => t.Seconds);
}
