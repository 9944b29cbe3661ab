using System.Security.Cryptography;
using Google.Protobuf;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery;

/// <summary>A model in memory together with where it came from.</summary>
public sealed class OnnxModel
{
    /// <summary>Wraps a model built in code.</summary>
    public OnnxModel(ModelProto proto) : this(proto, null, Convert.ToHexStringLower(SHA256.HashData(proto.ToByteArray()))) { }

    OnnxModel(ModelProto proto, string? path, string sha256) => (Proto, Path, Sha256) = (proto, path, sha256);

    /// <summary>The protobuf classes are the intermediate representation; there is no second object model.</summary>
    public ModelProto Proto { get; }

    /// <summary>The file it was read from, or null.</summary>
    public string? Path { get; }

    /// <summary>SHA-256 of the source file (of the serialised model when built in code), lower-case hex.</summary>
    public string Sha256 { get; }

    /// <summary>Reads and validates a model file.</summary>
    /// <exception cref="OnnxSurgeryException">Not a usable ONNX model; the message says why.</exception>
    public static OnnxModel Load(string path)
    {
        var bytes = File.ReadAllBytes(path);
        return new OnnxModel(ModelProto.Parser.ParseFrom(bytes), path, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }
}
