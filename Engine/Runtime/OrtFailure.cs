using Microsoft.ML.OnnxRuntime;

namespace OnnxEdit.Engine.Runtime;

/// <summary>What ONNX Runtime says when it fails, fit for one sentence.</summary>
static class OrtFailure
{
    /// <summary>The first line of the message without its error-code prefix.</summary>
    internal static string Reason(OnnxRuntimeException failure)
    {
        var line = failure.Message.Split('\n', 2)[0].Trim();
        var end = line.StartsWith("[ErrorCode:", StringComparison.Ordinal) ? line.IndexOf(']', StringComparison.Ordinal) : -1;
        return line[(end + 1)..].Trim();
    }
}
