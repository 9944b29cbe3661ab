namespace OnnxEdit.Surgery;

/// <summary>
/// A model that cannot be read, analysed or edited. The message is one sentence that names the node, op or
/// tensor concerned and what to do about it.
/// </summary>
public sealed class OnnxSurgeryException : OnnxEditException
{
    /// <summary>An error of kind <see cref="ErrorKind.Model"/> with its one-sentence message and, where there is one, its cause.</summary>
    public OnnxSurgeryException(string message, Exception? innerException = null) : this(ErrorKind.Model, message, innerException) { }

    /// <summary>An error of another kind, with its message and, where there is one, its cause.</summary>
    public OnnxSurgeryException(ErrorKind kind, string message, Exception? innerException = null) : base(kind, message, innerException) { }
}
