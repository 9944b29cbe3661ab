using System.Text.Json;
using System.Text.Unicode;
using OnnxEdit.Engine.Deployment;

namespace OnnxEdit.Serving;

/// <summary>Reads the protocol's JSON requests, with their tensors inside or as bytes behind the JSON.</summary>
static class InferJsonReader
{
    /// <summary>Reads a request.</summary>
    /// <param name="body">The whole body.</param>
    /// <param name="jsonLength">Bytes of it that are JSON; the rest are tensors.</param>
    /// <exception cref="RequestRefused">The request is not what it should be.</exception>
    internal static InferRequest Read(ReadOnlyMemory<byte> body, int jsonLength)
    {
        var json = body[..jsonLength];
        if (!Utf8.IsValid(json.Span)) throw RequestRefused.Bad("The request is not valid UTF-8.");
        var tail = body[jsonLength..];
        var request = new InferRequest();
        var hasInputs = false;
        try
        {
            var reader = new Utf8JsonReader(json.Span);
            Expect(ref reader, JsonTokenType.StartObject, "The request is no JSON object.");
            while (Property(ref reader) is { } name)
                switch (name)
                {
                    case "id":
                        request = request with { Id = Text(ref reader, "id") };
                        break;
                    case "parameters":
                        request = RequestParameters(ref reader, request);
                        break;
                    case "inputs":
                        hasInputs = true;
                        request = request with { Inputs = Inputs(ref reader, json, ref tail) };
                        break;
                    case "outputs":
                        request = request with { Outputs = Outputs(ref reader) };
                        break;
                    default:
                        Skip(ref reader);
                        break;
                }
            if (reader.Read()) throw RequestRefused.Bad("There is more after the request's JSON.");
        }
        catch (JsonException e)
        {
            throw RequestRefused.Bad($"The request is no valid JSON: {e.Message.Split(" LineNumber", 2)[0].TrimEnd('.')} (line {e.LineNumber + 1}).");
        }
        catch (InvalidOperationException)
        {
            // A \u escape that is half of a pair.
            throw RequestRefused.Bad("A text in the request is not valid Unicode.");
        }
        if (!hasInputs) throw RequestRefused.Bad("The request has no \"inputs\".");
        if (tail.Length > 0) throw RequestRefused.Bad($"The body has {tail.Length} bytes that belong to no input; \"binary_data_size\" must add up to them.");
        return request;
    }

    static InferRequest RequestParameters(ref Utf8JsonReader reader, InferRequest request)
    {
        Expect(ref reader, JsonTokenType.StartObject, "The request's \"parameters\" are no object.");
        while (Property(ref reader) is { } name)
            if (name == "binary_data_output") request = request with { IsBinary = Flag(ref reader, name) };
            else if (name == "timeout") request = request with { Timeout = InferRequest.Microseconds(Whole(ref reader, name)) };
            else Skip(ref reader);
        return request;
    }

    static List<TensorValue> Inputs(ref Utf8JsonReader reader, ReadOnlyMemory<byte> json, ref ReadOnlyMemory<byte> tail)
    {
        Expect(ref reader, JsonTokenType.StartArray, "\"inputs\" is no array.");
        List<TensorValue> inputs = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject) throw RequestRefused.Bad($"Input {inputs.Count} is no object.");
            inputs.Add(Input(ref reader, json, ref tail, inputs.Count));
        }
        return inputs;
    }

    static TensorValue Input(ref Utf8JsonReader reader, ReadOnlyMemory<byte> json, ref ReadOnlyMemory<byte> tail, int at)
    {
        string? name = null, datatype = null;
        long[]? shape = null;
        long? size = null;
        // Elements may stand before the shape and type that say how to read them.
        Range? data = null;
        while (Property(ref reader) is { } property)
            switch (property)
            {
                case "name":
                    name = Text(ref reader, "name");
                    break;
                case "datatype":
                    datatype = Text(ref reader, "datatype");
                    break;
                case "shape":
                    shape = Shape(ref reader, name ?? $"{at}");
                    break;
                case "parameters":
                    size = BinarySize(ref reader) ?? size;
                    break;
                case "data":
                    var start = (int)reader.BytesConsumed;
                    Skip(ref reader);
                    data = start..(int)reader.BytesConsumed;
                    break;
                default:
                    Skip(ref reader);
                    break;
            }
        if (string.IsNullOrEmpty(name)) throw RequestRefused.Bad($"Input {at} has no \"name\".");
        var type = ServedType.Named(datatype) ?? throw RequestRefused.Bad($"The datatype of '{name}' is {(datatype is null ? "missing" : $"'{datatype}', which the protocol does not have")}.");
        var elements = InferRequest.Elements(name, shape ?? throw RequestRefused.Bad($"'{name}' has no \"shape\"."));
        if (size is not null == data is not null)
            throw RequestRefused.Bad(size is null ? $"'{name}' has neither \"data\" nor \"binary_data_size\"." : $"'{name}' has both \"data\" and \"binary_data_size\".");
        if (size is { } bytes)
        {
            if (bytes < 0 || bytes > tail.Length) throw RequestRefused.Bad($"'{name}' says that it has {bytes} bytes, and {tail.Length} are left in the body.");
            var value = new TensorValue(name, type, shape, tail[..(int)bytes]);
            tail = tail[(int)bytes..];
            return value;
        }
        var text = json[data!.Value].Span;
        // Skips the colon before the array.
        text = text[Math.Max(0, text.IndexOfAnyExcept(" \t\r\n:"u8))..];
        // An element takes two characters at least: a count that the text cannot hold must not be allocated.
        if (elements > text.Length) throw RequestRefused.Bad($"'{name}' has fewer elements than the {elements} of its shape.");
        var inner = new Utf8JsonReader(text);
        inner.Read();
        return new TensorValue(name, type, shape, TensorJson.Read(ref inner, type, shape, name));
    }

    static long[] Shape(ref Utf8JsonReader reader, string name)
    {
        Expect(ref reader, JsonTokenType.StartArray, $"The shape of '{name}' is no array.");
        List<long> shape = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            shape.Add(reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var extent) && shape.Count < 16
                ? extent
                : throw RequestRefused.Bad($"The shape of '{name}' must be whole numbers, 16 at most."));
        return [.. shape];
    }

    static long? BinarySize(ref Utf8JsonReader reader)
    {
        long? size = null;
        Expect(ref reader, JsonTokenType.StartObject, "The \"parameters\" of an input are no object.");
        while (Property(ref reader) is { } name)
            if (name == "binary_data_size") size = Whole(ref reader, name);
            else if (name.StartsWith("shared_memory", StringComparison.Ordinal)) throw RequestRefused.Bad("Shared memory is not supported; send the tensor.");
            else Skip(ref reader);
        return size;
    }

    static List<RequestedOutput> Outputs(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartArray, "\"outputs\" is no array.");
        List<RequestedOutput> outputs = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject) throw RequestRefused.Bad($"Output {outputs.Count} is no object.");
            var output = new RequestedOutput("");
            while (Property(ref reader) is { } property)
                if (property == "name") output = output with { Name = Text(ref reader, "name") };
                else if (property == "parameters") output = OutputParameters(ref reader, output);
                else Skip(ref reader);
            outputs.Add(output.Name.Length > 0 ? output : throw RequestRefused.Bad($"Output {outputs.Count} has no \"name\"."));
        }
        return outputs;
    }

    static RequestedOutput OutputParameters(ref Utf8JsonReader reader, RequestedOutput output)
    {
        Expect(ref reader, JsonTokenType.StartObject, "The \"parameters\" of an output are no object.");
        while (Property(ref reader) is { } name)
            if (name == "binary_data") output = output with { IsBinary = Flag(ref reader, name) };
            else if (name == "classification") output = output with { Classes = Whole(ref reader, name) is var count and > 0 and <= int.MaxValue ? (int)count : throw RequestRefused.Bad("'classification' takes a number of classes, 1 or more.") };
            else if (name.StartsWith("shared_memory", StringComparison.Ordinal)) throw RequestRefused.Bad("Shared memory is not supported; read the tensor from the answer.");
            else Skip(ref reader);
        return output;
    }

    static string? Property(ref Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType == JsonTokenType.PropertyName ? reader.GetString() : null;

    static void Skip(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }

    static void Expect(ref Utf8JsonReader reader, JsonTokenType token, string sentence)
    {
        if (!reader.Read() || reader.TokenType != token) throw RequestRefused.Bad(sentence);
    }

    static string Text(ref Utf8JsonReader reader, string name) =>
        reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw RequestRefused.Bad($"\"{name}\" must be a text.");

    static bool Flag(ref Utf8JsonReader reader, string name) =>
        reader.Read() && reader.TokenType is JsonTokenType.True or JsonTokenType.False ? reader.GetBoolean() : throw RequestRefused.Bad($"'{name}' must be true or false.");

    static long Whole(ref Utf8JsonReader reader, string name) =>
        reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number) ? number : throw RequestRefused.Bad($"'{name}' must be a whole number.");
}
