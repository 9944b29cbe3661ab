using OnnxEdit.Surgery;

namespace OnnxEdit.Engine;

/// <summary>
/// The one exception this library throws on purpose. Its message is one sentence that says what is wrong,
/// where, and what to do about it.
/// </summary>
public sealed class OnnxEngineException : OnnxEditException
{
    /// <summary>An error of the given kind with a sentence for the reader.</summary>
    public OnnxEngineException(ErrorKind kind, string message, Exception? innerException = null)
        : base(kind, message, innerException) { }
}
