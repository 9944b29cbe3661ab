using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using Microsoft.AspNetCore.Http;
using OnnxEdit.Engine.Deployment;

namespace OnnxEdit.Serving;

/// <summary>POST /v2/models/NAME[/versions/V]/infer.</summary>
sealed class InferRoute(Inference inference, ServeOptions options)
{
    /// <summary>Header with the number of bytes of JSON where bytes of tensors follow.</summary>
    internal const string LengthHeader = "Inference-Header-Content-Length";

    internal async Task RunAsync(HttpContext context)
    {
        var name = (string)context.Request.RouteValues["name"]!;
        var version = context.Request.RouteValues["version"] as string;
        var jsonLength = JsonLength(context.Request);
        var body = await RequestBody.ReadAsync(context.Request, options.MaxRequestBytes, context.RequestAborted);
        if (jsonLength > body.Length) throw RequestRefused.Bad($"{LengthHeader} is {jsonLength} and the body has {body.Length} bytes.");
        var response = await inference.AnswerAsync(
            name, version, model => jsonLength == 0 ? Raw(model, body) : InferJsonReader.Read(body, jsonLength ?? body.Length), context.RequestAborted);
        await SendAsync(context, response);
    }

    static int? JsonLength(HttpRequest request)
    {
        var text = request.Headers[LengthHeader].ToString();
        if (text.Length == 0) return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : throw RequestRefused.Bad($"{LengthHeader} must be a number of bytes.");
    }

    // Nothing but the bytes of the one input, of one item: the shape is the model's.
    static InferRequest Raw(LoadedVersion model, ReadOnlyMemory<byte> body)
    {
        if (model.Inputs is not [{ } input]) throw RequestRefused.Bad($"A body of bytes alone is for models with one input; this one has {model.Inputs.Count}.");
        if (input.Type == ServedType.Bytes) throw RequestRefused.Bad("A body of bytes alone cannot be an input of texts; send JSON.");
        long[] shape = [.. input.Shape];
        if (model.MaxBatch > 0) shape[0] = 1;
        if (Array.FindAll(shape, extent => extent < 0).Length > 1) throw RequestRefused.Bad($"A body of bytes alone does not say the shape of '{input.Name}'; send JSON.");
        if (Array.IndexOf(shape, -1) is var open and >= 0)
        {
            shape[open] = 1;
            shape[open] = body.Length / (TensorValue.Count(shape) * input.Type.Size);
        }
        return new InferRequest { Inputs = [new TensorValue(input.Name, input.Type, shape, body)], IsBinary = true };
    }

    static async Task SendAsync(HttpContext context, InferResponse response)
    {
        var body = new ArrayBufferWriter<byte>(1024);
        var jsonLength = InferJsonWriter.Write(response, body);
        context.Response.ContentType = jsonLength is null ? "application/json" : "application/octet-stream";
        if (jsonLength is { } length) context.Response.Headers[LengthHeader] = length.ToString(CultureInfo.InvariantCulture);
        var packing = Packing(context.Request);
        if (packing is null)
        {
            context.Response.ContentLength = body.WrittenCount;
            await context.Response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted);
            return;
        }
        context.Response.Headers.ContentEncoding = packing;
        await using Stream packed = packing == "gzip"
            ? new GZipStream(context.Response.Body, CompressionLevel.Fastest, leaveOpen: true)
            : new ZLibStream(context.Response.Body, CompressionLevel.Fastest, leaveOpen: true);
        await packed.WriteAsync(body.WrittenMemory, context.RequestAborted);
    }

    static string? Packing(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().AcceptEncoding;
        return accepted.Where(each => each.Quality is null or > 0).Select(each => each.Value.Value).FirstOrDefault(each => each is "gzip" or "deflate");
    }
}
