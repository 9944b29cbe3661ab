using OnnxEdit.Engine.Deployment;

namespace OnnxEdit.Serving;

/// <summary>Checks a request against the model that is to answer it. After this, ONNX Runtime has nothing to complain about but values.</summary>
static class RequestCheck
{
    /// <summary>The inputs in the model's order, and how many items they hold.</summary>
    /// <exception cref="RequestRefused">An input is missing, unknown, twice there, or of another type, shape or size.</exception>
    internal static (TensorValue[] Inputs, int Rows) Inputs(LoadedVersion model, InferRequest request)
    {
        foreach (var group in request.Inputs.GroupBy(input => input.Name, StringComparer.Ordinal))
        {
            if (model.Inputs.All(input => input.Name != group.Key)) throw RequestRefused.Bad($"The model has no input '{group.Key}'; it has {Names(model.Inputs)}.");
            if (group.Count() > 1) throw RequestRefused.Bad($"The input '{group.Key}' is there more than once.");
        }
        var ordered = model.Inputs.Select(declared => request.Inputs.FirstOrDefault(input => input.Name == declared.Name)
            ?? throw RequestRefused.Bad($"The input '{declared.Name}' is missing.")).ToArray();
        for (var i = 0; i < ordered.Length; i++) One(model.Inputs[i], ordered[i]);
        if (model.MaxBatch == 0) return (ordered, 1);

        var rows = ordered[0].Shape[0];
        if (Array.Find(ordered, input => input.Shape[0] != rows) is { } other)
            throw RequestRefused.Bad($"'{ordered[0].Name}' has {rows} items and '{other.Name}' has {other.Shape[0]}; all inputs need the same number.");
        if (rows < 1 || rows > model.MaxBatch) throw RequestRefused.Bad($"The request has {rows} items; from 1 to {model.MaxBatch} are allowed.");
        return (ordered, (int)rows);
    }

    /// <summary>The outputs to send; all where none are named.</summary>
    /// <exception cref="RequestRefused">The model has no such output.</exception>
    internal static IReadOnlyList<RequestedOutput> Outputs(LoadedVersion model, InferRequest request)
    {
        if (request.Outputs.Count == 0) return [.. model.Outputs.Select(output => new RequestedOutput(output.Name))];
        foreach (var output in request.Outputs)
            if (model.Outputs.All(declared => declared.Name != output.Name)) throw RequestRefused.Bad($"The model has no output '{output.Name}'; it has {Names(model.Outputs)}.");
        return request.Outputs;
    }

    static void One(ServedTensor declared, TensorValue input)
    {
        if (declared.Type != input.Type) throw RequestRefused.Bad($"The input '{input.Name}' is {declared.Datatype}, not {input.Type}.");
        if (!declared.Accepts(input.Shape)) throw RequestRefused.Bad($"The input '{input.Name}' has the shape [{string.Join(',', declared.Shape)}], which [{string.Join(',', input.Shape)}] does not fit.");
        if (input.Elements == 0) throw RequestRefused.Bad($"The input '{input.Name}' is empty.");
        if (input.Type == ServedType.Bytes) _ = StringElements.Decode(input.Bytes.Span, input.Elements, input.Name);
        else if (input.Elements > int.MaxValue / input.Type.Size || input.Bytes.Length != input.Elements * input.Type.Size)
            throw RequestRefused.Bad($"The input '{input.Name}' has {input.Bytes.Length} bytes, and its shape asks for {input.Elements} elements of {input.Type.Size}.");
    }

    static string Names(IReadOnlyList<ServedTensor> tensors) => string.Join(", ", tensors.Select(tensor => $"'{tensor.Name}'"));
}
