namespace OnnxEdit.Engine.Training;

/// <summary>What a training is after some steps, beside the weights of its session and the memory of its rule.</summary>
sealed class TrainingState
{
    /// <summary>Steps made.</summary>
    public int Step { get; set; }

    /// <summary>Seconds spent.</summary>
    public double Seconds { get; set; }

    /// <summary>Sum of the losses since the last look, and their number.</summary>
    public double LossSum { get; set; }

    /// <inheritdoc cref="LossSum"/>
    public int Losses { get; set; }

    /// <summary>Looks without an improvement in a row.</summary>
    public int Worse { get; set; }

    /// <summary>Looks on the way so far.</summary>
    public List<LossPoint> Curve { get; } = [];

    /// <summary>Step of the best look.</summary>
    public int BestStep { get; set; }

    /// <summary>Weights and statistics at the best look.</summary>
    public float[][] Best { get; set; } = [];

    /// <summary>The running average of the weights, if there is one.</summary>
    public float[][]? Average { get; set; }

    /// <summary>Validation loss of the best look.</summary>
    public double BestLoss => Curve.First(p => p.Step == BestStep).Validation;
}
