using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using OnnxEdit.Engine.Deployment;

namespace OnnxEdit.Serving;

/// <summary>Writes the protocol's JSON answers, with their tensors inside or as bytes behind the JSON.</summary>
static class InferJsonWriter
{
    static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Writes an answer.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="to">Gets the body.</param>
    /// <returns>Bytes of JSON when bytes of tensors follow them, else null.</returns>
    internal static int? Write(InferResponse response, ArrayBufferWriter<byte> to)
    {
        using (var writer = new Utf8JsonWriter(to, _options))
        {
            writer.WriteStartObject();
            writer.WriteString("model_name", response.Model);
            writer.WriteString("model_version", $"{response.Version}");
            if (response.Id is { } id) writer.WriteString("id", id);
            writer.WriteStartArray("outputs");
            foreach (var (tensor, isBinary) in response.Outputs)
            {
                writer.WriteStartObject();
                writer.WriteString("name", tensor.Name);
                writer.WriteString("datatype", tensor.Type.Name);
                writer.WriteStartArray("shape");
                foreach (var extent in tensor.Shape) writer.WriteNumberValue(extent);
                writer.WriteEndArray();
                if (isBinary)
                {
                    writer.WriteStartObject("parameters");
                    writer.WriteNumber("binary_data_size", tensor.Bytes.Length);
                    writer.WriteEndObject();
                }
                else
                {
                    writer.WritePropertyName("data");
                    TensorJson.Write(writer, tensor);
                }
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        if (!response.Outputs.Any(output => output.IsBinary)) return null;
        var length = to.WrittenCount;
        foreach (var (tensor, isBinary) in response.Outputs)
            if (isBinary) to.Write(tensor.Bytes.Span);
        return length;
    }
}
