using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace OnnxEdit.Serving;

/// <summary>The page for people, and what it shows. One file, nothing from elsewhere.</summary>
static class Page
{
    internal static async Task SendAsync(HttpContext context)
    {
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.ContentSecurityPolicy = "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src 'self' data: blob:; frame-ancestors 'none'";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        await using var page = typeof(Page).Assembly.GetManifestResourceStream("index.html")!;
        await page.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    /// <summary>Everything that the page shows of a model.</summary>
    internal static object Describe(ModelSlot slot)
    {
        var current = slot.Current;
        var taken = current?.Statistics.Take();
        var manifest = current?.Manifest;
        return new
        {
            slot.Name,
            slot.Failure,
            Active = current?.Version,
            MaxBatch = current?.MaxBatch,
            Inputs = current?.Inputs.Select(input => new { input.Name, input.Datatype, input.Shape }),
            Outputs = current?.Outputs.Select(output => new { output.Name, output.Datatype, output.Shape }),
            current?.Labels,
            History = current?.HistoryJson is { } history ? Parsed(history) : null,
            Preprocessing = manifest?.Preprocessing is { } p ? new { p.Scale, p.Mean, p.Std, p.Bgr } : null,
            Versions = manifest?.Versions.Select(version => new
            {
                version.Version,
                version.Deployed,
                version.Top1,
                version.Sha256,
                Edits = version.History?.Select(entry => (string?)entry?["command"]),
            }),
            Waiting = current?.Waiting,
            Answered = taken?.Success.Count,
            Failed = taken?.Fail.Count,
            taken?.Executions,
            Items = taken?.Inferences,
            P50 = taken?.P50,
            P99 = taken?.P99,
        };
    }

    // Written by whoever edited the model; the page must not break on it.
    static JsonArray? Parsed(string history)
    {
        try
        {
            return JsonNode.Parse(history) as JsonArray;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }
}
