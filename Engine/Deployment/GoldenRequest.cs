using System.Text.Json;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Edits;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Deployment;

/// <summary>
/// A request that is stored with a version, and the answer it must get: made-up inputs from a fixed seed. A server that
/// loads the version asks it before it lets the version answer anybody. Both files are bodies of the protocol, so that
/// the request can be sent with curl as it is.
/// </summary>
static class GoldenRequest
{
    /// <summary>Name of the file with the request.</summary>
    public const string RequestFile = "golden-request.json";

    /// <summary>Name of the file with the answer.</summary>
    public const string ResponseFile = "golden-response.json";

    /// <summary>Made-up inputs: floats in [-1, 1), whole numbers below what the model can take, the text "0".</summary>
    /// <param name="inputs">The inputs of the served model.</param>
    /// <param name="proto">The same model's graph, for tables that whole numbers look up.</param>
    /// <param name="shapes">Sizes of what inputs leave open, by name.</param>
    /// <param name="number">Different numbers give different inputs.</param>
    public static IReadOnlyList<TensorValue> Inputs(
        IReadOnlyList<ServedTensor> inputs, Surgery.Proto.ModelProto proto, IReadOnlyDictionary<string, long[]> shapes, int number)
    {
        var bounds = ModelInput.All(proto, shapes).ToDictionary(input => input.Name, input => input.Bound);
        return [.. inputs.Select((input, at) =>
        {
            long[] shape = [.. input.Shape.Select((extent, axis) => extent > 0 ? extent : shapes.GetValueOrDefault(input.Name) is { } own && own[axis] > 0 ? own[axis] : 1)];
            return new TensorValue(input.Name, input.Type, shape, Values(input.Type, TensorValue.Count(shape), bounds.GetValueOrDefault(input.Name, 2), new Philox4x32((ulong)number, 0x601D + (ulong)at)));
        })];
    }

    static byte[] Values(ServedType type, long count, int bound, Philox4x32 random)
    {
        if (type == ServedType.Bytes) return StringElements.Encode(Enumerable.Repeat("0", (int)count));
        var text = new MemoryStream();
        using (var writer = new Utf8JsonWriter(text))
        {
            writer.WriteStartArray();
            for (var i = 0L; i < count; i++)
                if (type.IsFloat) writer.WriteNumberValue((float)(2 * random.NextDouble() - 1));
                else if (type.Name == "BOOL") writer.WriteBooleanValue(random.NextInt(2) == 1);
                else writer.WriteNumberValue(random.NextInt(type.Name == "UINT8" && bound == 2 ? 256 : Math.Min(bound, 127)));
            writer.WriteEndArray();
        }
        var reader = new Utf8JsonReader(text.ToArray());
        reader.Read();
        return TensorJson.Read(ref reader, type, [count], "made up");
    }

    /// <summary>Writes both files into a folder.</summary>
    public static void Write(string folder, IReadOnlyList<TensorValue> inputs, IReadOnlyList<TensorValue> outputs)
    {
        AtomicFile.Write(Path.Combine(folder, RequestFile), stream => WriteBody(stream, "inputs", inputs));
        AtomicFile.Write(Path.Combine(folder, ResponseFile), stream => WriteBody(stream, "outputs", outputs));
    }

    static void WriteBody(Stream stream, string key, IReadOnlyList<TensorValue> tensors)
    {
        using var writer = new Utf8JsonWriter(stream);
        writer.WriteStartObject();
        writer.WriteStartArray(key);
        foreach (var tensor in tensors)
        {
            writer.WriteStartObject();
            writer.WriteString("name", tensor.Name);
            writer.WriteStartArray("shape");
            foreach (var extent in tensor.Shape) writer.WriteNumberValue(extent);
            writer.WriteEndArray();
            writer.WriteString("datatype", tensor.Type.Name);
            writer.WritePropertyName("data");
            TensorJson.Write(writer, tensor);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Reads one of the files.</summary>
    /// <exception cref="OnnxEngineException">It cannot be understood (<see cref="ErrorKind.Data"/>).</exception>
    public static IReadOnlyList<TensorValue> Read(string path)
    {
        try
        {
            var bytes = File.ReadAllBytes(path);
            using var document = JsonDocument.Parse(bytes);
            return [.. document.RootElement.EnumerateObject().First().Value.EnumerateArray().Select(Tensor)];
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' is no stored request ({e.Message.TrimEnd('.')}); deploy the model again.", e);
        }
    }

    static TensorValue Tensor(JsonElement element)
    {
        var name = element.GetProperty("name").GetString()!;
        var type = ServedType.Named(element.GetProperty("datatype").GetString()) ?? throw new FormatException($"'{name}' has no known datatype");
        long[] shape = [.. element.GetProperty("shape").EnumerateArray().Select(extent => extent.GetInt64())];
        var reader = new Utf8JsonReader(System.Text.Encoding.UTF8.GetBytes(element.GetProperty("data").GetRawText()));
        reader.Read();
        return new TensorValue(name, type, shape, TensorJson.Read(ref reader, type, shape, name));
    }

    /// <summary>Asks the stored request of a version's folder; a folder without one passes.</summary>
    /// <returns>The largest relative difference from the stored answer, 0 for bit for bit; null without a stored request.</returns>
    /// <exception cref="OnnxEngineException">The answer is another one (<see cref="ErrorKind.VerificationFailed"/>).</exception>
    public static double? Check(ServableModel model, string folder)
    {
        var (request, response) = (Path.Combine(folder, RequestFile), Path.Combine(folder, ResponseFile));
        if (!File.Exists(request) || !File.Exists(response)) return null;
        var expected = Read(response);
        var found = model.Run(Read(request), [.. expected.Select(output => output.Name)]);
        var worst = expected.Zip(found, TensorDifference.Largest).DefaultIfEmpty(0).Max();
        var isHalf = expected.Concat(Read(request)).Any(tensor => tensor.Type.Name is "FP16" or "BF16");
        return worst <= (isHalf ? EditVerification.HalfTolerance : EditVerification.Tolerance) ? worst : throw new OnnxEngineException(
            ErrorKind.VerificationFailed, FormattableString.Invariant($"The model in '{folder}' does not give the answer stored with it (difference {worst:g3}); its files were changed, or this machine computes something else."));
    }
}
