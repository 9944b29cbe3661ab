using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Model;

/// <summary>
/// The one place that creates sessions. They have the threads and the device of the run they are made in
/// (<see cref="ExecutionOptions"/>), and ONNX Runtime's environment as it is found, or as <see cref="OrtEnvironment"/> makes it.
/// </summary>
static partial class OrtRuntime
{
    /// <summary>
    /// Producer of graphs that are cut out of a model here. That ONNX Runtime refuses one is no fault of the model, which ran before.
    /// </summary>
    internal const string OwnProducer = "onnxedit, part of a model";

    /// <summary>
    /// Bytes from which on a session reads a weight where it lies instead of taking a copy of its own and another one in the order that is
    /// fastest; in a session that optimises nothing it is less.
    /// </summary>
    internal const long LargeWeights = 64 << 20;

    /// <summary>Version of the native library, for reports.</summary>
    public static string Version => Started().GetVersionString();

    /// <summary>True when this build has ONNX Runtime's CUDA provider (MSBuild switch -p:Gpu=true).</summary>
    public static bool HasCuda => Started().GetAvailableProviders().Contains("CUDAExecutionProvider");

    /// <summary>Options of a session as the run at hand has them: its threads, its device, and no log.</summary>
    /// <param name="isOnDevice">False keeps the session on the CPU.</param>
    /// <exception cref="OnnxSurgeryException">CUDA was chosen and does not start: no such build, device or driver, or its libraries are missing.</exception>
    public static SessionOptions CreateOptions(bool isOnDevice = true)
    {
        OrtEnvironment.Require();
        var execution = ExecutionOptions.Current;
        var isCuda = isOnDevice && execution.Device == ExecutionDevice.Cuda;
        if (isCuda && !HasCuda)
            throw new OnnxSurgeryException("This build has no CUDA: it needs the package Microsoft.ML.OnnxRuntime.Gpu in place of Microsoft.ML.OnnxRuntime; or run on the CPU.");
        var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        try
        {
            if (execution.Threads > 0) options.IntraOpNumThreads = execution.Threads;
            if (isCuda) options.AppendExecutionProvider_CUDA(0);
            return options;
        }
        catch (OnnxRuntimeException e)
        {
            options.Dispose();
            throw new OnnxSurgeryException($"CUDA does not start: {FirstLine(e.Message)} Check driver and libraries, or run on the CPU.", e);
        }
    }

    /// <summary>Creates a session over a model held in memory.</summary>
    /// <param name="model">The model; not kept.</param>
    /// <param name="optimise">False switches all graph optimisations off (tracing, folding).</param>
    /// <exception cref="OnnxSurgeryException">ORT refuses the model; its reason is in the message.</exception>
    /// <exception cref="InvalidOperationException">It refuses a graph that was cut out of a model by onnxedit.</exception>
    public static ModelSession CreateSession(ModelProto model, bool optimise = true)
    {
        using var options = CreateOptions(isOnDevice: optimise);
        options.GraphOptimizationLevel = optimise ? GraphOptimizationLevel.ORT_ENABLE_ALL : GraphOptimizationLevel.ORT_DISABLE_ALL;
        // The memory arena keeps its high-water mark for ever; sessions here are many and short-lived.
        options.EnableCpuMemArena = optimise;
        try
        {
            return new ModelSession(model, options, optimise ? LargeWeights : 1 << 20);
        }
        catch (OnnxRuntimeException e) when (model.ProducerName == OwnProducer && !FirstLine(e.Message).Contains("memory", StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidOperationException($"onnxedit cut a graph out of the model that ONNX Runtime refuses, which is a fault of onnxedit: {FirstLine(e.Message)}", e);
        }
        catch (OnnxRuntimeException e)
        {
            throw new OnnxSurgeryException($"ONNX Runtime refuses the model: {FirstLine(e.Message)}", e);
        }
        catch (OverflowException e)
        {
            // Its managed side keeps dimensions in 32 bits.
            throw new OnnxSurgeryException("The model has an input or output with a dimension of 2^31 or more; such sizes are not supported.", e);
        }
    }

    /// <summary>The graph that ORT makes of a model for this processor, with operators of its own.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <exception cref="OnnxSurgeryException">ORT refuses the model; its reason is in the message.</exception>
    public static ModelProto Optimise(ModelProto model)
    {
        var path = Path.Combine(Path.GetTempPath(), $"onnxedit-{Guid.NewGuid():N}.onnx");
        using var options = CreateOptions(isOnDevice: false);
        options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL;
        options.OptimizedModelFilePath = path;
        try
        {
            using (new ModelSession(model, options)) return ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        }
        catch (OnnxRuntimeException e)
        {
            throw new OnnxSurgeryException($"ONNX Runtime refuses the model: {FirstLine(e.Message)}", e);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Creates a session over a model file as it lies there, for serving: weights in files beside it are found by ORT itself.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shown">The file that messages name; null: the same.</param>
    /// <exception cref="OnnxSurgeryException">ORT refuses the model, or there is no such file.</exception>
    public static InferenceSession OpenFile(string path, string? shown = null)
    {
        if (!File.Exists(path)) throw new OnnxSurgeryException($"There is no file '{shown ?? path}'.");
        return Open(options => new InferenceSession(path, options), shown ?? path, reason => shown is null ? reason : reason.Replace(path, shown, StringComparison.Ordinal)
            .Replace(Path.GetDirectoryName(path)!, Path.GetDirectoryName(shown), StringComparison.Ordinal));
    }

    /// <summary>The same over the bytes of a model file that has no others.</summary>
    /// <param name="model">The bytes; not kept.</param>
    /// <param name="shown">The file that messages name.</param>
    /// <exception cref="OnnxSurgeryException">ORT refuses the model.</exception>
    public static InferenceSession OpenBytes(byte[] model, string shown) => Open(options => new InferenceSession(model, options), shown, reason => reason);

    static InferenceSession Open(Func<SessionOptions, InferenceSession> create, string shown, Func<string, string> rename)
    {
        using var options = CreateOptions();
        // Threads that wait by spinning would take the cores from those that read requests.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        try
        {
            return create(options);
        }
        catch (OnnxRuntimeException e)
        {
            throw new OnnxSurgeryException($"ONNX Runtime refuses '{shown}': {rename(FirstLine(e.Message))}", e);
        }
        catch (OverflowException e)
        {
            throw new OnnxSurgeryException($"'{shown}' has an input or output with a dimension of 2^31 or more; such sizes are not supported.", e);
        }
    }

    static OrtEnv Started()
    {
        OrtEnvironment.Require();
        return OrtEnv.Instance();
    }

    /// <summary>The first line of an ORT message, without its error-code prefix.</summary>
    internal static string FirstLine(string message)
    {
        var line = message.Split('\n', 2)[0].Trim();
        var close = line.StartsWith("[ErrorCode:", StringComparison.Ordinal) ? line.IndexOf(']', StringComparison.Ordinal) : -1;
        if (Unregistered().Match(line) is { Success: true } match) return CustomOperator(match.Groups[2].Value, match.Groups[1].Value);
        return SourcePlace().Replace(close >= 0 ? line[(close + 1)..].Trim() : line, "").Replace("std::bad_alloc", "not enough memory", StringComparison.Ordinal);
    }

    static string CustomOperator(string type, string domain) =>
        $"it has the operator '{type}' of the domain '{domain}', which is not ONNX Runtime's own but comes with a library of custom operators"
        + $"{(domain is "ai.onnx.contrib" or "com.microsoft.extensions" ? " (onnxruntime-extensions)" : "")}, and such libraries are not loaded here; export the part of the model behind it, or before it, as a model and use that alone.";

    [GeneratedRegex(@"([\w.\-]+):(\w+)\(-?\d+\) is not a registered function/op")]
    private static partial Regex Unregistered();

    // The file, line and signature in ORT's own source, which say nothing to a user.
    [GeneratedRegex(@"/onnxruntime_src/\S+:\d+ .*?\) (?=[A-Z\[])")]
    private static partial Regex SourcePlace();
}
