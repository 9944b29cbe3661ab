using System.Text;
using System.Text.Unicode;

namespace OnnxEdit.Surgery.Model;

/// <summary>Recognises files that are not ONNX models, to say what they are and what to do.</summary>
static class ForeignFormat
{
    /// <summary>A predicate such as "is a Git LFS pointer ...; run 'git lfs pull'", or null when unknown.</summary>
    internal static string? Describe(ReadOnlySpan<byte> bytes)
    {
        var head = bytes[..Math.Min(bytes.Length, 4096)];
        if (head.StartsWith("version https://git-lfs"u8))
            return "is a Git LFS pointer, not the model itself; run 'git lfs pull' in its repository";
        if (head.StartsWith("PK\x03\x04"u8)) return Zip(head);
        if (head.Length > 8 && head[4..8].SequenceEqual("TFL3"u8))
            return "is a TensorFlow Lite model; convert it with tf2onnx";
        if (head.Length > 8 && head[4..8].SequenceEqual("ORTM"u8))
            return "is an ORT-format model, which cannot be edited; use the .onnx file it was made from";
        if (head.StartsWith((ReadOnlySpan<byte>)[0x89, .. "HDF\r\n"u8]))
            return "is an HDF5 file (Keras weights?); convert the model with tf2onnx";
        if (head.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B])) return "is gzip-compressed; unpack it first";
        if (head.StartsWith("GGUF"u8)) return "is a GGUF model, not ONNX; export the original model to ONNX";
        if (head.StartsWith((ReadOnlySpan<byte>)[0x93, .. "NUMPY"u8])) return "is a NumPy array, not an ONNX model; give the .onnx file";
        if (head.StartsWith((ReadOnlySpan<byte>)[0x89, .. "PNG"u8]) || head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]))
            return "is an image, not an ONNX model; give the .onnx file";
        // A pickle: the protocol opcode, a version, then the frame, the legacy magic number or an import.
        if (head.Length > 2 && head[0] == 0x80 && head[1] is >= 2 and <= 5 && head[2] is 0x8A or 0x95 or (byte)'c' or (byte)'}')
            return "is a Python pickle (PyTorch checkpoint?); load it in PyTorch and export it with torch.onnx.export";
        if (head.Length > 9 && BitConverter.ToInt64(head) is > 0 and var header && header < bytes.Length && head[8] == '{')
            return "is a safetensors file, weights without a graph; export the model to ONNX";
        return Text(head);
    }

    static string Zip(ReadOnlySpan<byte> head)
    {
        if (head.IndexOf("data.pkl"u8) >= 0)
            return "is a PyTorch checkpoint; load it in PyTorch and export it with torch.onnx.export";
        return head.IndexOf("model.weights.h5"u8) >= 0 || head.IndexOf("config.json"u8) >= 0
            ? "is a Keras model; convert it with tf2onnx"
            : "is a ZIP archive; unpack it and give the .onnx file";
    }

    static string? Text(ReadOnlySpan<byte> head)
    {
        // The cut at 4,096 bytes may fall inside a character.
        var whole = head;
        for (var cut = 0; cut < 3 && !Utf8.IsValid(whole); cut++) whole = whole[..Math.Max(0, whole.Length - 1)];
        if (whole.IsEmpty || !Utf8.IsValid(whole)) return null;
        foreach (var b in whole)
            if (b is < 0x20 and not ((byte)'\t' or (byte)'\n' or (byte)'\r' or 0x0C) or 0x7F) return null;
        var text = Encoding.UTF8.GetString(whole).TrimStart('\uFEFF', ' ', '\t', '\r', '\n');
        if (text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase))
            return "is a web page (HTML), not the model; download the raw file instead of the page that shows it";
        if (text.StartsWith("<?xml", StringComparison.OrdinalIgnoreCase) || text.StartsWith('<'))
            return "is an XML file, not an ONNX model; give the .onnx file";
        return text.StartsWith('{')
            ? "is a JSON file, not an ONNX model; give the .onnx file"
            : "is a text file, not an ONNX model; give the .onnx file";
    }
}
