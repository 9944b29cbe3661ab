using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace OnnxEdit.Surgery.Model;

/// <summary>
/// ONNX Runtime's environment, of which a process has one. In a program that has made it already, or any session, it is taken
/// as it is, with its log, thread pools and telemetry. Else it is made here, quiet and, unless somebody has set
/// ORT_DISABLE_TELEMETRY before, without telemetry.
/// </summary>
static partial class OrtEnvironment
{
    const string Telemetry = "ORT_DISABLE_TELEMETRY";

    static readonly Lock _lock = new();

    /// <summary>Makes the environment where there is none. Called before anything else of ONNX Runtime is: its session options would make one, too.</summary>
    public static void Require()
    {
        if (OrtEnv.IsCreated) return;
        lock (_lock)
        {
            if (OrtEnv.IsCreated) return;
            ChooseTelemetry();
            var options = new EnvironmentCreationOptions
            {
                logId = "onnxedit",
                // Failures surface as exceptions with their own text; the log would only repeat them on stderr.
                logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
            };
            try
            {
                _ = OrtEnv.CreateInstanceWithOptions(ref options);
            }
            catch (OnnxRuntimeException) when (OrtEnv.IsCreated)
            {
                // Another thread of the program was faster with one of its own.
            }
        }
    }

    // ORT >= 1.29 reports usage unless this is set before its environment is made. What .NET's SetEnvironmentVariable sets
    // does not reach getenv in native code, so libc is called: with what the program says in .NET, if it does, and never over
    // what native code finds already.
    internal static void ChooseTelemetry()
    {
        var set = Environment.GetEnvironmentVariable(Telemetry);
        if (!OperatingSystem.IsWindows()) _ = SetEnv(Telemetry, set ?? "1", overwrite: 0);
        else if (set is null) Environment.SetEnvironmentVariable(Telemetry, "1");
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnv(string name, string value, int overwrite);
}
