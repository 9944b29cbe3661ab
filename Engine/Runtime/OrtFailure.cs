using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Runtime;

/// <summary>What ONNX Runtime says when it fails, fit for one sentence.</summary>
static class OrtFailure
{
    /// <summary>The first line of the message without its error-code prefix.</summary>
    internal static string Reason(OnnxRuntimeException failure) => OrtRuntime.FirstLine(failure.Message);
}
