namespace OnnxEdit.Serving;

/// <summary>A request that is not answered: an HTTP status and a sentence for the caller.</summary>
sealed class RequestRefused(int status, string message) : Exception(message)
{
    internal int Status => status;

    internal static RequestRefused Bad(string message) => new(400, message);

    internal static RequestRefused NotFound(string message) => new(404, message);
}
