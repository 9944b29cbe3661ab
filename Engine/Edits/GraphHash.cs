using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Edits;

/// <summary>
/// SHA-256 of a graph, weights and all, to see whether somebody wrote to it. Tensors are read where they lie, so that
/// weights that are mapped from files need no copy and no message of more than 2 GB is made.
/// </summary>
static class GraphHash
{
    /// <summary>The hash.</summary>
    public static byte[] Of(ModelProto model)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var graph = model.Graph;
        foreach (var node in graph.Node) Add(hash, node);
        foreach (var value in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo)) Add(hash, value);
        foreach (var opset in model.OpsetImport) Add(hash, opset);
        foreach (var function in model.Functions) Add(hash, function);
        foreach (var tensor in graph.Initializer)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"\0{tensor.Name}\0{tensor.DataType}\0{string.Join(',', tensor.Dims)}\0"));
            if (tensor.RawData.Length > 0) hash.AppendData(TensorData.View(tensor));
            else Add(hash, tensor);
        }
        return hash.GetHashAndReset();
    }

    static void Add(IncrementalHash hash, IMessage message)
    {
        var bytes = message.ToByteArray();
        hash.AppendData(BitConverter.GetBytes(bytes.Length));
        hash.AppendData(bytes);
    }
}
