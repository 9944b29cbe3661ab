/// <summary>
/// Run by .NET inside onnxedit when DOTNET_STARTUP_HOOKS names this assembly: writes every exception that is thrown,
/// also those that are caught, to the file that ONNXEDIT_TEST_EXCEPTIONS names,
/// and the processor time used until the end to the one that ONNXEDIT_TEST_TIME names; or makes it a <see cref="OnnxEdit.EndToEnd.CliWorker"/>. The runtime wants this name and no namespace.
/// </summary>
static class StartupHook
{
    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(OnnxEdit.EndToEnd.CliWorker.Variable) is not null) OnnxEdit.EndToEnd.CliWorker.Serve();
        if (Environment.GetEnvironmentVariable("ONNXEDIT_TEST_TIME") is { Length: > 0 } times)
            AppDomain.CurrentDomain.ProcessExit += (_, _) => File.WriteAllText(times, FormattableString.Invariant($"{Environment.CpuUsage.TotalTime.TotalMilliseconds}"));
        if (Environment.GetEnvironmentVariable("ONNXEDIT_TEST_EXCEPTIONS") is not { Length: > 0 } path) return;
        AppDomain.CurrentDomain.FirstChanceException += (_, e) => File.AppendAllText(path, $"{e.Exception.GetType()}: {e.Exception.Message}\n");
    }
}
