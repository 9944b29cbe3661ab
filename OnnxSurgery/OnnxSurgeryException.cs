namespace OnnxEdit.Surgery;

/// <summary>
/// A model that cannot be read, analysed or edited. The message is one sentence that names the node, op or
/// tensor concerned and what to do about it.
/// </summary>
public sealed class OnnxSurgeryException : Exception
{
    /// <summary>Creates the exception with its one-sentence message.</summary>
    public OnnxSurgeryException(string message) : base(Sentence.Of(message)) { }

    /// <summary>Creates the exception with its message and what caused it.</summary>
    public OnnxSurgeryException(string message, Exception inner) : base(Sentence.Of(message), inner) { }
}
