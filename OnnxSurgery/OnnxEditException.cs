namespace OnnxEdit.Surgery;

/// <summary>
/// What the libraries throw on purpose: <see cref="OnnxSurgeryException"/> and Engine's <c>OnnxEngineException</c>.
/// The message is one sentence that says what is wrong, where, and what to do about it, in the words of the libraries:
/// where a remedy is a setting, it is named as <c>Type.Member</c>.
/// </summary>
public abstract class OnnxEditException : Exception
{
    /// <summary>An error of the given kind with a sentence for the reader and, where there is one, its cause.</summary>
    protected OnnxEditException(ErrorKind kind, string message, Exception? innerException)
        : base(Sentence.Of(message), innerException) => Kind = kind;

    /// <summary>The class of the error, from which the command line takes its exit code.</summary>
    public ErrorKind Kind { get; }
}
