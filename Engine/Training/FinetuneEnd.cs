namespace OnnxEdit.Engine.Training;

/// <summary>Why a training ended.</summary>
public enum FinetuneEnd
{
    /// <summary>All steps were made.</summary>
    Finished,

    /// <summary>The validation loss did not fall any more.</summary>
    NoImprovement,

    /// <summary>Loss or gradient were no numbers any more.</summary>
    Diverged,

    /// <summary>The caller cancelled.</summary>
    Cancelled,
}
