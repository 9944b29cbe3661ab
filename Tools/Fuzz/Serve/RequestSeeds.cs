using System.IO.Compression;
using System.Text;

namespace OnnxEdit.Fuzz;

/// <summary>Right requests, as bytes on the wire, that mutants are made from.</summary>
static class RequestSeeds
{
    internal static IReadOnlyList<byte[]> Of(string name)
    {
        var infer = $"POST /v2/models/{name}/infer HTTP/1.1";
        var numbers = string.Join(',', Enumerable.Range(0, 48).Select(i => i / 8.0));
        var json = Encoding.UTF8.GetBytes($$$"""{"id":"a","inputs":[{"name":"x","shape":[1,3,4,4],"datatype":"FP32","data":[{{{numbers}}}]}],"outputs":[{"name":"gemm_0","parameters":{"classification":3}}]}""");
        var plain = Encoding.UTF8.GetBytes($$$"""{"inputs":[{"name":"x","shape":[1,3,4,4],"datatype":"FP32","data":[{{{numbers}}}]}]}""");
        var head = Encoding.UTF8.GetBytes("""{"inputs":[{"name":"x","shape":[2,3,4,4],"datatype":"FP32","parameters":{"binary_data_size":384}}],"parameters":{"binary_data_output":true,"timeout":1000000}}""");
        return
        [
            Request(infer, plain),
            Request(infer, json),
            Request(infer, [.. head, .. new byte[384]], $"Inference-Header-Content-Length: {head.Length}"),
            Request(infer, new byte[192], "Inference-Header-Content-Length: 0"),
            Request(infer, Packed(plain), "Content-Encoding: gzip", "Accept-Encoding: gzip"),
            Request($"GET /v2/models/{name}/versions/1/config HTTP/1.1", []),
            Request("GET /v2/models/stats HTTP/1.1", []),
            Request("POST /v2/repository/index HTTP/1.1", """{"ready":true}"""u8.ToArray()),
            Load(name),
            Request($"POST /v2/repository/models/{name}/unload HTTP/1.1", """{"parameters":{"unload_dependents":false}}"""u8.ToArray()),
        ];
    }

    internal static byte[] Load(string name) => Request($"POST /v2/repository/models/{name}/load HTTP/1.1", "{}"u8.ToArray());

    static byte[] Request(string line, byte[] body, params string[] headers) =>
        [.. Encoding.ASCII.GetBytes($"{line}\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {body.Length}\r\n{string.Concat(headers.Select(header => $"{header}\r\n"))}\r\n"), .. body];

    static byte[] Packed(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(bytes);
        return packed.ToArray();
    }
}
