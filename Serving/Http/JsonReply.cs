using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace OnnxEdit.Serving;

/// <summary>Writes small JSON answers.</summary>
static class JsonReply
{
    static readonly JsonSerializerOptions _json = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>Sends an object; names of its properties become snake_case, as the protocol has them.</summary>
    internal static Task SendAsync(HttpContext context, object value, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(value, value.GetType(), _json), context.RequestAborted).AsTask();
    }

    /// <summary>Sends an error in the protocol's form.</summary>
    internal static Task RefuseAsync(HttpContext context, int status, string sentence)
    {
        // What the caller sent may be part of the sentence, and may be long.
        if (sentence.Length > 1000) sentence = $"{sentence[..1000]} ...";
        if (status == 503) context.Response.Headers.RetryAfter = "1";
        return SendAsync(context, new { error = sentence }, status);
    }
}
