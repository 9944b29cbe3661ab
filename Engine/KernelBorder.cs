using OnnxEdit.Kernels;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine;

/// <summary>
/// Where calls of the kernels come back: users of this library meet its own exception, with the kernel's sentence behind
/// what was being done. <see cref="OnnxKernelException"/> is for those who call kernels themselves.
/// </summary>
static class KernelBorder
{
    /// <summary>Calls kernels, also on several threads.</summary>
    /// <param name="kind">What it means for the caller if they refuse.</param>
    /// <param name="what">What cannot be done then, e.g. "The activations at 'conv1' cannot be measured".</param>
    /// <param name="work">The calls.</param>
    /// <exception cref="OnnxEngineException">A kernel refused.</exception>
    public static T Cross<T>(ErrorKind kind, string what, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (OnnxKernelException e)
        {
            throw Refused(kind, what, e);
        }
        catch (AggregateException several) when (several.InnerExceptions.OfType<OnnxKernelException>().FirstOrDefault() is { } first)
        {
            throw Refused(kind, what, first);
        }
    }

    /// <summary>The exception of this library for one of the kernels; for code that no delegate can hold.</summary>
    public static OnnxEngineException Refused(ErrorKind kind, string what, OnnxKernelException e) => new(kind, $"{what}: {e.Message}", e);
}
