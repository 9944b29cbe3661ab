using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Model;

/// <summary>
/// Decides whether a model is sound. <see cref="Check"/> looks at the structure only and is cheap enough for every
/// load and save; <see cref="CheckRuntime"/> asks ONNX Runtime, which knows each operator's schema.
/// </summary>
public static class ModelValidator
{
    /// <summary>
    /// Structural validation: versions, operator domains, unique and defined tensor names, topological order,
    /// attributes, tensor sizes, finite weights. Works on loaded and on edited models.
    /// </summary>
    /// <exception cref="OnnxSurgeryException">The first defect found, with the node or tensor concerned.</exception>
    public static void Check(ModelProto model)
    {
        if (model.Graph is null)
            throw new OnnxSurgeryException("The model holds no graph; export it again.");
        if (model.IrVersion is < 1 or > 100)
            throw new OnnxSurgeryException(
                $"The model states IR version {model.IrVersion}, which does not exist; the file is damaged or not an ONNX model, export it again.");
        if (model.Graph.Node.Count == 0)
            throw new OnnxSurgeryException("The model's graph has no nodes; export it again.");
        if (model.Graph.Output.Count == 0)
            throw new OnnxSurgeryException("The model's graph has no outputs; declare at least one and export it again.");
        var domains = Domains(model.OpsetImport);
        GraphValidator.Check(model.Graph, domains);
        foreach (var function in model.Functions)
            GraphValidator.Check(function, function.OpsetImport.Count > 0 ? Domains(function.OpsetImport) : domains);
        var weights = WeightRoles.InfinityFree(model.Graph);
        foreach (var (tensor, name) in TensorWalk.All(model))
            TensorValidator.Check(tensor, name, weights.Contains(name));
    }

    /// <summary>
    /// Lets ONNX Runtime build a session, without optimisations: every operator known, types and shapes consistent,
    /// a kernel for each node. Nothing is run. Costs about as much as loading the model once more.
    /// </summary>
    /// <exception cref="OnnxSurgeryException">ONNX Runtime refuses the model; its reason is in the message.</exception>
    public static void CheckRuntime(ModelProto model)
    {
        using var session = OrtRuntime.CreateSession(model, optimise: false);
    }

    static Dictionary<string, long> Domains(IEnumerable<OperatorSetIdProto> imports)
    {
        var domains = new Dictionary<string, long>();
        foreach (var import in imports)
        {
            var domain = import.Domain == "ai.onnx" ? "" : import.Domain;
            if (import.Version is < 1 or > 10_000)
                throw new OnnxSurgeryException(
                    $"The model imports version {import.Version} of the operator set {Quote(domain)}, which does not exist; the file is damaged, export it again.");
            if (!domains.TryAdd(domain, import.Version) && domains[domain] != import.Version)
                throw new OnnxSurgeryException(
                    $"The model imports the operator set {Quote(domain)} in two versions, {domains[domain]} and {import.Version}; keep one.");
        }
        if (domains.Count == 0)
            throw new OnnxSurgeryException("The model imports no operator set (opset_import is empty); export it again with an opset version.");
        return domains;
    }

    static string Quote(string domain) => domain.Length == 0 ? "ai.onnx" : $"'{domain}'";
}
