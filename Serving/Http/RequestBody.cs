using System.IO.Compression;
using Microsoft.AspNetCore.Http;

namespace OnnxEdit.Serving;

/// <summary>Reads a body whole, unpacked, and never more of it than is allowed.</summary>
static class RequestBody
{
    /// <summary>The body.</summary>
    /// <param name="request">The request.</param>
    /// <param name="limit">Bytes at most, unpacked. What is sent is limited by Kestrel itself.</param>
    /// <param name="cancellation">Set when the caller is gone.</param>
    /// <exception cref="RequestRefused">It is larger, packed in an unknown way, or damaged.</exception>
    internal static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request, long limit, CancellationToken cancellation)
    {
        var encoding = request.Headers.ContentEncoding.ToString();
        if (encoding.Length == 0 || encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
            return request.ContentLength is { } length ? await ExactlyAsync(request.Body, length, limit, cancellation) : await AllAsync(request.Body, limit, cancellation);
        try
        {
            await using Stream unpacked = encoding.ToLowerInvariant() switch
            {
                "gzip" => new GZipStream(request.Body, CompressionMode.Decompress),
                // The name means zlib's frame; many send bare deflate, which cannot be told apart before reading.
                "deflate" => new ZLibStream(request.Body, CompressionMode.Decompress),
                _ => throw new RequestRefused(415, $"The content encoding '{encoding}' is not known; send gzip, deflate, or none."),
            };
            return await AllAsync(unpacked, limit, cancellation);
        }
        catch (InvalidDataException)
        {
            throw RequestRefused.Bad($"The body is not {encoding}, as its Content-Encoding says.");
        }
    }

    static async Task<ReadOnlyMemory<byte>> ExactlyAsync(Stream body, long length, long limit, CancellationToken cancellation)
    {
        if (length > limit) throw TooLarge(limit);
        var bytes = GC.AllocateUninitializedArray<byte>((int)length);
        await body.ReadExactlyAsync(bytes, cancellation);
        return bytes;
    }

    static async Task<ReadOnlyMemory<byte>> AllAsync(Stream body, long limit, CancellationToken cancellation)
    {
        using var all = new MemoryStream();
        var buffer = new byte[64 << 10];
        for (int read; (read = await body.ReadAsync(buffer, cancellation)) > 0;)
        {
            if (all.Length + read > limit) throw TooLarge(limit);
            all.Write(buffer, 0, read);
        }
        return all.GetBuffer().AsMemory(0, (int)all.Length);
    }

    static RequestRefused TooLarge(long limit) => new(413, $"The request is larger than {limit} bytes, the most that is taken.");
}
