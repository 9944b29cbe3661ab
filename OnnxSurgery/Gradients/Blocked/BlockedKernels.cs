using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Gradients.Blocked;

/// <summary>
/// ONNX Runtime's convolutions on channels in blocks (domain com.microsoft.nchwc). It uses them by itself only where
/// weights are constants. How large a block is depends on the processor, so it is asked once.
/// </summary>
static class BlockedKernels
{
    /// <summary>Domain of the operators.</summary>
    public const string Domain = "com.microsoft.nchwc";

    static readonly Lazy<int> _block = new(Probe);

    /// <summary>Channels of a block, or 0 where this processor or build of ONNX Runtime has no such kernels.</summary>
    public static int Block => _block.Value;

    /// <summary>Declares the domain in a model.</summary>
    public static void Import(ModelProto model)
    {
        if (model.OpsetImport.All(o => o.Domain != Domain)) model.OpsetImport.Add(new OperatorSetIdProto { Domain = Domain, Version = 1 });
    }

    // Four channels come back as one block.
    static int Probe()
    {
        var model = new ModelProto { IrVersion = 8, Graph = new GraphProto { Name = "probe" } };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        Import(model);
        model.Graph.Initializer.Add(TensorData.FromFloats("x", [1, 4, 1, 1], [1, 2, 3, 4]));
        var node = NodeAttributes.Node("ReorderInput", ["x"], ["y"]);
        node.Domain = Domain;
        model.Graph.Node.Add(node);
        model.Graph.Output.Add(new ValueInfoProto { Name = "y" });
        try
        {
            using var session = OrtRuntime.CreateSession(model, optimise: false);
            using var options = new RunOptions();
            using var results = session.Run(options, [], [], ["y"]);
            return results[0].GetTensorTypeAndShape().Shape is [1, var block and > 1, 1, 1] ? (int)block : 0;
        }
        catch (Exception e) when (e is OnnxRuntimeException or OnnxSurgeryException)
        {
            return 0;
        }
    }
}
