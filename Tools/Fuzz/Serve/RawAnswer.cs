using System.Globalization;
using System.Text.Json;

namespace OnnxEdit.Fuzz;

/// <summary>What came back.</summary>
/// <param name="Status">The first status; 0: nothing came.</param>
/// <param name="Body">What followed its headers.</param>
/// <param name="Fault">Why this must not happen; null when it may.</param>
sealed record RawAnswer(int Status, string Body, string? Fault)
{
    internal static RawAnswer Parse(string text)
    {
        if (text.Length == 0) return new RawAnswer(0, "", null);
        if (!text.StartsWith("HTTP/1.", StringComparison.Ordinal) || text.Length < 12 || !int.TryParse(text.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var status))
            return new RawAnswer(-1, text, $"no HTTP: {text[..Math.Min(text.Length, 60)]}");
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var body = end < 0 ? "" : text[(end + 4)..];
        if (status is >= 500 and not (503 or 504 or 505 or 501)) return new RawAnswer(status, body, $"{status} {body}");
        return new RawAnswer(status, body, status >= 400 && body.Length > 0 && text.Contains("Content-Type: application/json", StringComparison.Ordinal) ? NoSentence(body) : null);
    }

    // Answers may come in chunks or be followed by another; the sentence is what counts.
    static string? NoSentence(string body)
    {
        var (start, end) = (body.IndexOf('{', StringComparison.Ordinal), body.LastIndexOf('}'));
        if (start < 0 || end < start) return $"no JSON: {body}";
        try
        {
            var error = JsonDocument.Parse(body[start..(end + 1)]).RootElement.GetProperty("error").GetString()!;
            return error.EndsWith('.') ? null : $"no sentence: {error}";
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException)
        {
            return $"no JSON: {body}";
        }
    }
}
