using System.Runtime.InteropServices;
using Google.Protobuf;
using OnnxEdit.Engine.Deployment;
using OnnxEdit.Serving.Rpc;

namespace OnnxEdit.Serving;

/// <summary>Requests and answers between the messages of gRPC and our own.</summary>
static class RpcTensors
{
    /// <summary>A request of ours.</summary>
    /// <exception cref="RequestRefused">The message is not what it should be.</exception>
    internal static InferRequest Request(ModelInferRequest message)
    {
        var isRaw = message.RawInputContents.Count > 0;
        if (isRaw && message.RawInputContents.Count != message.Inputs.Count)
            throw RequestRefused.Bad($"There are {message.Inputs.Count} inputs and {message.RawInputContents.Count} raw_input_contents; they must be as many.");
        return new InferRequest
        {
            Id = message.Id.Length > 0 ? message.Id : null,
            Inputs = [.. message.Inputs.Select((input, at) => Input(input, isRaw ? message.RawInputContents[at] : null))],
            Outputs = [.. message.Outputs.Select(Output)],
            Timeout = message.Parameters.TryGetValue("timeout", out var timeout) ? InferRequest.Microseconds(Whole(timeout)) : null,
        };
    }

    static TensorValue Input(ModelInferRequest.Types.InferInputTensor input, ByteString? raw)
    {
        var type = ServedType.Named(input.Datatype) ?? throw RequestRefused.Bad($"The datatype of '{input.Name}' is '{input.Datatype}', which the protocol does not have.");
        long[] shape = [.. input.Shape];
        InferRequest.Elements(input.Name, shape);
        if (raw is not null && input.Contents is not null) throw RequestRefused.Bad($"'{input.Name}' has both contents and raw_input_contents.");
        return new TensorValue(input.Name, type, shape, raw?.Memory ?? Typed(input, type));
    }

    static byte[] Typed(ModelInferRequest.Types.InferInputTensor input, ServedType type)
    {
        var contents = input.Contents ?? throw RequestRefused.Bad($"'{input.Name}' has neither contents nor raw_input_contents.");
        return type.Name switch
        {
            "BOOL" => Bytes(contents.BoolContents),
            "INT8" => Bytes(contents.IntContents.Select(value => Fit(input.Name, value, sbyte.MinValue, sbyte.MaxValue) ? (sbyte)value : default)),
            "INT16" => Bytes(contents.IntContents.Select(value => Fit(input.Name, value, short.MinValue, short.MaxValue) ? (short)value : default)),
            "INT32" => Bytes(contents.IntContents),
            "INT64" => Bytes(contents.Int64Contents),
            "UINT8" => Bytes(contents.UintContents.Select(value => Fit(input.Name, value, 0, byte.MaxValue) ? (byte)value : default)),
            "UINT16" => Bytes(contents.UintContents.Select(value => Fit(input.Name, value, 0, ushort.MaxValue) ? (ushort)value : default)),
            "UINT32" => Bytes(contents.UintContents),
            "UINT64" => Bytes(contents.Uint64Contents),
            "FP32" => Bytes(contents.Fp32Contents),
            "FP64" => Bytes(contents.Fp64Contents),
            "BYTES" => Texts(contents.BytesContents),
            _ => throw RequestRefused.Bad($"'{input.Name}' is {type}, which has no typed contents; send raw_input_contents."),
        };
    }

    static bool Fit(string name, long value, long least, long most) =>
        value >= least && value <= most ? true : throw RequestRefused.Bad($"'{name}' has the element {value}; from {least} to {most} are possible.");

    static byte[] Bytes<T>(IEnumerable<T> values) where T : unmanaged => MemoryMarshal.AsBytes<T>(values.ToArray()).ToArray();

    static byte[] Texts(IEnumerable<ByteString> values)
    {
        using var all = new MemoryStream();
        foreach (var value in values)
        {
            all.Write(BitConverter.GetBytes(value.Length));
            all.Write(value.Span);
        }
        return all.ToArray();
    }

    static RequestedOutput Output(ModelInferRequest.Types.InferRequestedOutputTensor output)
    {
        if (!output.Parameters.TryGetValue("classification", out var classes)) return new RequestedOutput(output.Name);
        return new RequestedOutput(output.Name, null, Whole(classes) is var count and > 0 and <= int.MaxValue ? (int)count : throw RequestRefused.Bad("'classification' takes a number of classes, 1 or more."));
    }

    static long Whole(InferParameter parameter) => parameter.ParameterChoiceCase switch
    {
        InferParameter.ParameterChoiceOneofCase.Int64Param => parameter.Int64Param,
        InferParameter.ParameterChoiceOneofCase.Uint64Param when parameter.Uint64Param <= long.MaxValue => (long)parameter.Uint64Param,
        _ => throw RequestRefused.Bad("A parameter must be a whole number and is something else."),
    };

    /// <summary>The message of an answer; tensors go as bytes, which every client can read.</summary>
    internal static ModelInferResponse Response(InferResponse response)
    {
        var message = new ModelInferResponse { ModelName = response.Model, ModelVersion = $"{response.Version}", Id = response.Id ?? "" };
        foreach (var (tensor, _) in response.Outputs)
        {
            message.Outputs.Add(new ModelInferResponse.Types.InferOutputTensor { Name = tensor.Name, Datatype = tensor.Type.Name, Shape = { tensor.Shape } });
            message.RawOutputContents.Add(UnsafeByteOperations.UnsafeWrap(tensor.Bytes));
        }
        return message;
    }
}
