using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OnnxEdit.Surgery;

namespace OnnxEdit.Serving;

/// <summary>Turns whatever goes wrong with an HTTP request into a status and a sentence.</summary>
sealed partial class Refusals(ILogger<Refusals> log, ServeOptions options)
{
    /// <summary>Bytes of all headers of a request, names and values.</summary>
    internal const int MaxHeaderBytes = 32 << 10;

    /// <summary>Runs the rest of the pipeline.</summary>
    internal async Task RunAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            if (context.Request.Headers.Sum(h => h.Key.Length + h.Value.Sum(v => v?.Length ?? 0)) > MaxHeaderBytes)
                throw new RequestRefused(431, $"The headers are longer than {MaxHeaderBytes} bytes, the most that is taken.");
            await next(context);
            if (context.Response is { StatusCode: >= 400, HasStarted: false, ContentLength: null, ContentType: null })
                await JsonReply.RefuseAsync(context, context.Response.StatusCode, Sentence(context, context.Response.StatusCode));
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            var (status, sentence) = Explain(e);
            // Nobody is there to read it.
            if (context.RequestAborted.IsCancellationRequested && status != 408) return;
            if (status >= 500 && status is not (503 or 504)) LogFault(e, context.Request.Method, context.Request.Path);
            // What is left of a body that was refused would be read as the next request.
            if (status is 408 or 413) context.Response.Headers.Connection = "close";
            await JsonReply.RefuseAsync(context, status, sentence);
        }
    }

    /// <summary>The status and sentence of an exception.</summary>
    internal (int Status, string Sentence) Explain(Exception exception) => exception switch
    {
        RequestRefused refused => (refused.Status, refused.Message),
        BadHttpRequestException { StatusCode: 413 } => (413, $"The request is larger than {options.MaxRequestBytes} bytes, the most that is taken."),
        BadHttpRequestException { StatusCode: 408 } => (408, "The request came too slowly."),
        BadHttpRequestException bad => (bad.StatusCode, $"The request cannot be read: {bad.Message.TrimEnd('.')}."),
        // A JSON string is decoded when it is read, not when it is parsed.
        InvalidOperationException { InnerException: DecoderFallbackException } => (400, "The request holds text that is not valid UTF-8."),
        InvalidOperationException { Source: "System.Text.Json.Rethrowable" } => (400, "The request holds text that is not valid Unicode."),
        OnnxEditException { Kind: ErrorKind.Data or ErrorKind.Usage } data => (400, data.Message),
        OnnxEditException => (500, exception.Message),
        OperationCanceledException => (499, "The request was given up."),
        _ => (500, "The server failed; its log says why."),
    };

    static string Sentence(HttpContext context, int status) => status switch
    {
        404 => $"There is nothing at {context.Request.Path}; see /v2.",
        405 => $"{context.Request.Method} is not what {context.Request.Path} takes.",
        _ => $"The request is refused ({status}).",
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    partial void LogFault(Exception exception, string method, string path);
}
