namespace OnnxEdit.Surgery;

/// <summary>What went wrong, in the classes a caller acts on; the values are the command line's exit codes.</summary>
public enum ErrorKind
{
    /// <summary>A wrong option or argument.</summary>
    Usage = 2,

    /// <summary>An invalid or unsupported model.</summary>
    Model = 3,

    /// <summary>Missing, unreadable or unsuitable data.</summary>
    Data = 4,

    /// <summary>The requested reduction or accuracy could not be reached.</summary>
    TargetNotReached = 5,

    /// <summary>The edited model failed its checks.</summary>
    VerificationFailed = 6,
}
