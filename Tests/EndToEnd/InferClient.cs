using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using OnnxEdit.Engine.Deployment;

namespace OnnxEdit.EndToEnd;

/// <summary>Requests as a client writes them.</summary>
static class InferClient
{
    internal const string Path = $"/v2/models/{ServedRepository.Name}/infer";

    /// <summary>The tensor as numbers in JSON.</summary>
    internal static HttpContent Json(TensorValue item, string more = "") => new StringContent(
        $$"""{"inputs":[{"name":"input","shape":[{{string.Join(',', item.Shape)}}],"datatype":"FP32","data":[{{string.Join(',', ServedRepository.Floats(item.Bytes.Span).Select(v => v.ToString("R", CultureInfo.InvariantCulture)))}}]}]{{more}}}""");

    /// <summary>The tensor as bytes behind the JSON; the answer too.</summary>
    internal static ByteArrayContent Binary(TensorValue item)
    {
        var json = Encoding.UTF8.GetBytes(
            $$$"""{"id":"7","parameters":{"binary_data_output":true},"inputs":[{"name":"input","shape":[{{{string.Join(',', item.Shape)}}}],"datatype":"FP32","parameters":{"binary_data_size":{{{item.Bytes.Length}}}}}]}""");
        return Body(json.Length, [.. json, .. item.Bytes.Span]);
    }

    /// <summary>Any body with the header that says how much of it is JSON.</summary>
    internal static ByteArrayContent Body(int jsonLength, byte[] body)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        content.Headers.Add("Inference-Header-Content-Length", $"{jsonLength}");
        return content;
    }

    /// <summary>The scores of a binary answer, and the version that gave them.</summary>
    internal static async Task<(int Version, float[] Scores)> ScoresAsync(HttpResponseMessage answer)
    {
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        if (answer.StatusCode != HttpStatusCode.OK) throw new InvalidOperationException($"{(int)answer.StatusCode}: {Encoding.UTF8.GetString(bytes)}");
        if (!answer.Headers.TryGetValues("Inference-Header-Content-Length", out var lengths) && !answer.Content.Headers.TryGetValues("Inference-Header-Content-Length", out lengths))
        {
            var root = JsonDocument.Parse(bytes).RootElement;
            return (Version(root), [.. root.GetProperty("outputs")[0].GetProperty("data").EnumerateArray().Select(v => v.GetSingle())]);
        }
        var length = int.Parse(lengths.Single(), CultureInfo.InvariantCulture);
        return (Version(JsonDocument.Parse(bytes.AsMemory(0, length)).RootElement), ServedRepository.Floats(bytes.AsSpan(length)));
    }

    static int Version(JsonElement root) => int.Parse(root.GetProperty("model_version").GetString()!, CultureInfo.InvariantCulture);
}
