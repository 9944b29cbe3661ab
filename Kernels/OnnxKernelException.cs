namespace OnnxEdit.Kernels;

/// <summary>
/// The one exception of this library: the data given to a kernel cannot be used. The message says what is
/// wrong, where (image, channel, class) and what to do about it.
/// </summary>
/// <param name="message">What, where, remedy.</param>
/// <param name="inner">The cause, where there is one.</param>
public sealed class OnnxKernelException(string message, Exception? inner = null) : Exception(message, inner);
