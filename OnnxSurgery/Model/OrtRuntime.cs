using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Model;

/// <summary>The one place that starts ONNX Runtime and creates sessions.</summary>
public static partial class OrtRuntime
{
    static OrtRuntime()
    {
        // ORT >= 1.29 reports usage unless this is set before its first environment exists. .NET's own
        // SetEnvironmentVariable does not reach getenv in native code, so libc is called.
        if (!OperatingSystem.IsWindows()) _ = SetEnv("ORT_DISABLE_TELEMETRY", "1", 1);
        Environment.SetEnvironmentVariable("ORT_DISABLE_TELEMETRY", "1");
        var options = new EnvironmentCreationOptions
        {
            logId = "onnxedit",
            // Failures surface as exceptions with their own text; the log would only repeat them on stderr.
            logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        _ = OrtEnv.CreateInstanceWithOptions(ref options);
    }

    /// <summary>Intra-op threads of every session made from now on; 0 leaves it to ORT (all cores).</summary>
    public static int Threads { get; set; }

    /// <summary>Version of the native library, for reports.</summary>
    public static string Version => OrtEnv.Instance().GetVersionString();

    /// <summary>Creates a session over a model held in memory.</summary>
    /// <param name="model">The model; not kept.</param>
    /// <param name="optimise">False switches all graph optimisations off (tracing, folding).</param>
    /// <param name="threads">Its intra-op threads; 0: as for all sessions.</param>
    /// <exception cref="OnnxSurgeryException">ORT refuses the model; its reason is in the message.</exception>
    public static ModelSession CreateSession(ModelProto model, bool optimise = true, int threads = 0)
    {
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = optimise
                ? GraphOptimizationLevel.ORT_ENABLE_ALL
                : GraphOptimizationLevel.ORT_DISABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        if (threads > 0 || Threads > 0) options.IntraOpNumThreads = threads > 0 ? threads : Threads;
        if (optimise) OrtDevice.AddTo(options);
        // The memory arena keeps its high-water mark for ever; sessions here are many and short-lived.
        options.EnableCpuMemArena = optimise;
        try
        {
            return new ModelSession(model, options);
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
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
            OptimizedModelFilePath = path,
        };
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
    /// <param name="threads">Its intra-op threads; 0: as for all sessions.</param>
    /// <exception cref="OnnxSurgeryException">ORT refuses the model, or there is no such file.</exception>
    public static InferenceSession OpenFile(string path, int threads = 0)
    {
        if (!File.Exists(path)) throw new OnnxSurgeryException($"There is no file '{path}'.");
        using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        if (threads > 0 || Threads > 0) options.IntraOpNumThreads = threads > 0 ? threads : Threads;
        // Threads that wait by spinning would take the cores from those that read requests.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        OrtDevice.AddTo(options);
        try
        {
            return new InferenceSession(path, options);
        }
        catch (OnnxRuntimeException e)
        {
            throw new OnnxSurgeryException($"ONNX Runtime refuses '{path}': {FirstLine(e.Message)}", e);
        }
        catch (OverflowException e)
        {
            throw new OnnxSurgeryException($"'{path}' has an input or output with a dimension of 2^31 or more; such sizes are not supported.", e);
        }
    }

    /// <summary>The first line of an ORT message, without its error-code prefix.</summary>
    internal static string FirstLine(string message)
    {
        var line = message.Split('\n', 2)[0].Trim();
        var close = line.StartsWith("[ErrorCode:", StringComparison.Ordinal) ? line.IndexOf(']', StringComparison.Ordinal) : -1;
        return SourcePlace().Replace(close >= 0 ? line[(close + 1)..].Trim() : line, "").Replace("std::bad_alloc", "not enough memory", StringComparison.Ordinal);
    }

    // The file, line and signature in ORT's own source, which say nothing to a user.
    [GeneratedRegex(@"/onnxruntime_src/\S+:\d+ .*?\) (?=[A-Z\[])")]
    private static partial Regex SourcePlace();

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnv(string name, string value, int overwrite);
}
