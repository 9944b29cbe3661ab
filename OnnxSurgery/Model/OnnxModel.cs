using System.Security.Cryptography;
using Google.Protobuf;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Model;

/// <summary>A model in memory together with where it came from.</summary>
public sealed class OnnxModel
{
    /// <summary>Wraps a model built in code.</summary>
    public OnnxModel(ModelProto proto) : this(proto, null, Convert.ToHexStringLower(SHA256.HashData(proto.ToByteArray())), []) { }

    internal OnnxModel(ModelProto proto, string? path, string sha256, IReadOnlyList<string> dataFiles) =>
        (Proto, Path, Sha256, DataFiles) = (proto, path, sha256, dataFiles);

    /// <summary>The protobuf classes are the intermediate representation; there is no second object model.</summary>
    public ModelProto Proto { get; }

    /// <summary>The file it was read from, or null.</summary>
    public string? Path { get; }

    /// <summary>
    /// SHA-256 of the source file (of the serialised model when built in code), lower-case hex. When weights live in
    /// other files, their bytes follow in the order of the tensors, so that the hash identifies the weights too.
    /// </summary>
    public string Sha256 { get; }

    /// <summary>Full paths of the external data files that the source's tensors were read from; usually none.</summary>
    public IReadOnlyList<string> DataFiles { get; }

    /// <summary>What loading, or an edit, put right on the way, in sentences; usually nothing. The file that was loaded is as it was.</summary>
    internal IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>
    /// Reads and validates a model file (<see cref="ModelValidator.Check"/>). Tensors kept in external files are
    /// brought into memory, or mapped where they are many: the data files must then stay as they are while the model
    /// is in use. ONNX Runtime is not asked: that is <see cref="ModelValidator.CheckRuntime"/>.
    /// </summary>
    /// <param name="path">The .onnx file.</param>
    /// <param name="mapFrom">Bytes of external data from which on tensors of a page or more stay in their files.</param>
    /// <exception cref="OnnxSurgeryException">Not a usable ONNX model; the message names the file and says why.</exception>
    public static OnnxModel Load(string path, long mapFrom = 256 << 20) => ModelReader.Read(path, mapFrom);

    /// <summary>
    /// An edited version of this model: the given graph with this model's source path, hash and external-data
    /// habit, so that <see cref="Save"/> still protects the source file.
    /// </summary>
    public OnnxModel With(ModelProto edited) => With(edited, []);

    /// <summary>The same, with what the edit put right beside what it was for.</summary>
    internal OnnxModel With(ModelProto edited, IReadOnlyList<string> notes) => new(edited, Path, Sha256, DataFiles) { Notes = notes };

    /// <summary>
    /// Validates the model and writes it: first to a temporary file in the same folder, then renamed, so that the
    /// target is either complete or untouched. Models whose source had external data, or that are larger than
    /// 1.9 GB, put their larger tensors into <c>{path}.data</c>; then two files are renamed, the data file first, and
    /// a failure of the second undoes the first. The same model gives the same bytes. What ONNX Runtime thinks of the
    /// model and whether its outputs are right is for the caller to verify before.
    /// </summary>
    /// <param name="path">The target; its folder must exist. The model's own source files are always refused.</param>
    /// <param name="overwrite">Allows replacing an existing file.</param>
    /// <param name="cancellation">Stops between tensors, leaving nothing behind.</param>
    /// <exception cref="OnnxSurgeryException">The model is not valid, or the file cannot or must not be written.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Save(string path, bool overwrite = false, CancellationToken cancellation = default) =>
        ModelWriter.Write(this, path, overwrite, cancellation);
}
