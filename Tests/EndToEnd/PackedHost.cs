using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json;
using System.Text.RegularExpressions;
using OnnxEdit.Engine.Slimming;

namespace OnnxEdit.EndToEnd;

/// <summary>
/// The three libraries packed as they were built, and PackedHost/Program.cs built on nothing but these packages: in a
/// folder outside the repository, with a nuget.config and a package cache of its own. Packages of others come from the machine's
/// cache, which the build has filled, or else from the machine's sources.
/// </summary>
public sealed partial class PackedHost : IDisposable
{
    /// <summary>No published package has this version, so none can be taken for what is tested here.</summary>
    internal static readonly string Version = $"{typeof(Slimmer).Assembly.GetName().Version!.ToString(3)}-packed";

    static readonly TimeSpan _patience = TimeSpan.FromMinutes(5);

    readonly string _root = Directory.CreateTempSubdirectory("onnxedit-packed-").FullName;

    /// <summary>Packs, writes the project and builds it.</summary>
    public PackedHost()
    {
        try
        {
            Pack();
            WriteProject();
            Dotnet(_root, "build", "host/Host.csproj", "-c", "Release", "-o", "bin", "-nologo", "-v", "q", "-nodeReuse:false", "-p:UseSharedCompilation=false");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The packages' nuspec files by id.</summary>
    internal IReadOnlyDictionary<string, string> Manifests => new SortedDictionary<string, string>(
        Directory.GetFiles(Path.Combine(_root, "packages"), "*.nupkg").ToDictionary(path => Path.GetFileName(path).Replace($".{Version}.nupkg", "", StringComparison.Ordinal), Nuspec), StringComparer.Ordinal);

    /// <summary>Runs the program in an empty folder of its own.</summary>
    /// <param name="what">Its argument.</param>
    /// <param name="telemetry">ORT_DISABLE_TELEMETRY in its environment, or null.</param>
    internal (string Output, string Folder) Run(string what, string? telemetry)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_root, what)).FullName;
        return (Execute(folder, [Path.Combine(_root, "bin", "Host.dll"), what], telemetry), folder);
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_root, recursive: true);

    void Pack()
    {
        // The tests' own output folder is bin/CONFIGURATION/FRAMEWORK; the libraries beside it were built alike.
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        File.WriteAllText(Path.Combine(_root, "pack.proj"), $"""
            <Project>
              <ItemGroup>
                <Library Include="{Repository.Root}/Kernels/Kernels.csproj;{Repository.Root}/OnnxSurgery/OnnxSurgery.csproj;{Repository.Root}/Engine/Engine.csproj" />
              </ItemGroup>
              <Target Name="Pack">
                <MSBuild Projects="@(Library)" Targets="Pack"
                         Properties="NoBuild=true;Configuration={configuration};PackageVersion={Version};PackageOutputPath={_root}/packages" />
              </Target>
            </Project>
            """);
        Dotnet(_root, "build", "pack.proj", "-t:Pack", "-nologo", "-v", "q", "-nodeReuse:false");
    }

    void WriteProject()
    {
        // Nothing above the folder shall have a say.
        foreach (var name in new[] { "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props" })
            File.WriteAllText(Path.Combine(_root, name), "<Project />");
        // Other packages may come from wherever the machine has them from; ours only from here, so nobody else is asked for them.
        var others = Source().Matches(Dotnet(_root, "nuget", "list", "source")).Select(match => match.Groups["name"].Value)
            .Select(name => $"""<packageSource key="{name}"><package pattern="*" /></packageSource>""");
        File.WriteAllText(Path.Combine(_root, "nuget.config"), $"""
            <configuration>
              <packageSources>
                <add key="packed" value="packages" />
              </packageSources>
              <packageSourceMapping>
                <packageSource key="packed"><package pattern="OnnxEdit.*" /></packageSource>
                {string.Concat(others)}
              </packageSourceMapping>
            </configuration>
            """);
        var host = Directory.CreateDirectory(Path.Combine(_root, "host")).FullName;
        File.WriteAllText(Path.Combine(host, "Host.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <UseAppHost>false</UseAppHost>
                <RestorePackagesPath>{_root}/cache</RestorePackagesPath>
                <RestoreFallbackFolders>{string.Join(';', MachineCaches())}</RestoreFallbackFolders>
                <NuGetAudit>false</NuGetAudit>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="OnnxEdit.Engine" Version="{Version}" />
              </ItemGroup>
            </Project>
            """);
        File.Copy(Path.Combine(Repository.Root, "Tests", "EndToEnd", "PackedHost", "Program.cs"), Path.Combine(host, "Program.cs"));
        File.WriteAllText(Path.Combine(host, "Samples.cs"), LibrarySamples.Read().Source());
    }

    // Where the build of the libraries has its packages from.
    static IEnumerable<string> MachineCaches()
    {
        using var assets = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Repository.Root, "Engine", "obj", "project.assets.json")));
        return [.. assets.RootElement.GetProperty("packageFolders").EnumerateObject().Select(folder => folder.Name)];
    }

    static string Nuspec(string package)
    {
        using var archive = ZipFile.OpenRead(package);
        using var reader = new StreamReader(archive.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open());
        return reader.ReadToEnd();
    }

    static string Dotnet(string folder, params string[] args) => Execute(folder, args, "1");

    static string Execute(string folder, string[] args, string? telemetry)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", args)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // What dotnet test tells its own MSBuild is not for this one.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray()) start.Environment.Remove(name);
        foreach (var (name, value) in new[] { ("DOTNET_CLI_TELEMETRY_OPTOUT", "1"), ("DOTNET_CLI_UI_LANGUAGE", "en"), ("DOTNET_CLI_USE_MSBUILD_SERVER", "false"), ("ORT_DISABLE_TELEMETRY", telemetry) })
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(_patience))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"dotnet {string.Join(' ', args)} did not end within {_patience}.");
        }
        return process.ExitCode == 0 ? output.Result : throw new InvalidOperationException($"dotnet {string.Join(' ', args)} ended with {process.ExitCode}.\n{output.Result}\n{error.Result}");
    }

    [GeneratedRegex(@"^\s*\d+\.\s+(?<name>.+) \[Enabled\]", RegexOptions.Multiline)]
    private static partial Regex Source();
}
