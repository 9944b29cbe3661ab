using System.Runtime.InteropServices;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public partial class OrtEnvironmentTests : IDisposable
{
    const string Name = "ORT_DISABLE_TELEMETRY";

    readonly string? _before;

    public OrtEnvironmentTests()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Native code and .NET have one environment on Windows.");
        // The environment is there, so nothing that is set here decides anything for the rest of the process.
        _ = OrtRuntime.Version;
        _before = Environment.GetEnvironmentVariable(Name);
        Set(null, null);
    }

    [Theory]
    [InlineData(null, null, "1")]
    [InlineData(null, "0", "0")]
    [InlineData("0", null, "0")]
    [InlineData("0", "true", "true")]
    public void Telemetry_is_switched_off_only_where_nobody_has_said_a_word_on_it(string? managed, string? native, string expected)
    {
        Set(managed, native);
        OrtEnvironment.ChooseTelemetry();
        Assert.Equal(expected, Marshal.PtrToStringUTF8(GetEnv(Name)));
        Assert.Equal(managed, Environment.GetEnvironmentVariable(Name));
    }

    [Fact]
    public void An_environment_that_is_there_is_taken_as_it_is()
    {
        OrtEnvironment.Require();
        Assert.Null(Marshal.PtrToStringUTF8(GetEnv(Name)));
    }

    public void Dispose() => Set(_before, "1");

    static void Set(string? managed, string? native)
    {
        Environment.SetEnvironmentVariable(Name, managed);
        _ = native is null ? UnsetEnv(Name) : SetEnv(Name, native, 1);
    }

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetEnv(string name);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnv(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "unsetenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnsetEnv(string name);
}
