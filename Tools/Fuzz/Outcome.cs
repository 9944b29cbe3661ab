namespace OnnxEdit.Fuzz;

/// <summary>What became of a mutant.</summary>
enum Outcome
{
    /// <summary>Accepted, and where it was edited the result was verified.</summary>
    Ok,

    /// <summary>Refused with one sentence.</summary>
    Refused,

    /// <summary>Edited, but the check against the masked original failed; nothing would have been written.</summary>
    Unverified,

    /// <summary>Refused with an empty message, or one of several lines.</summary>
    PoorMessage,

    /// <summary>An exception that is not a refusal, or an overflow of the managed stack.</summary>
    ManagedCrash,

    /// <summary>Took longer than allowed.</summary>
    Hang,

    /// <summary>Took more memory than allowed.</summary>
    Memory,

    /// <summary>Native code ended the process.</summary>
    NativeDeath,
}
