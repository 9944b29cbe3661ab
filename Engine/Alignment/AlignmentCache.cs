using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Alignment;

/// <summary>Keeps alignment tables, a file each, in a folder; null: keeps none.</summary>
sealed class AlignmentCache(string? folder)
{
    static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>$XDG_CACHE_HOME/onnxedit, else ~/.cache/onnxedit; null without a home.</summary>
    public static string? DefaultFolder
    {
        get
        {
            var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            if (Path.IsPathFullyQualified(cache ?? "")) return Path.Combine(cache!, "onnxedit");
            var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            return home.Length > 0 ? Path.Combine(home, ".cache", "onnxedit") : null;
        }
    }

    /// <summary>The kept table of a machine, or a new one that is then kept.</summary>
    public AlignmentTable Load(string cpu, int threads, string runtime, Func<IReadOnlyList<AlignmentRow>> measure)
    {
        var path = folder is null ? null : PathOf(cpu, threads, runtime);
        // The name is a hash of the key; the key in the file settles it.
        if (path is not null && Read(path) is { } kept && (kept.Cpu, kept.Threads, kept.Runtime) == (cpu, threads, runtime)) return kept;
        var table = new AlignmentTable(cpu, threads, runtime, measure());
        if (path is not null) Write(path, table);
        return table;
    }

    /// <summary>The file a table is kept in.</summary>
    internal string PathOf(string cpu, int threads, string runtime)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{cpu}\n{threads}\n{runtime}"));
        return Path.Combine(folder!, $"alignment-{Convert.ToHexStringLower(hash)[..12]}.json");
    }

    static AlignmentTable? Read(string path)
    {
        try
        {
            var table = File.Exists(path) ? JsonSerializer.Deserialize<AlignmentTable>(File.ReadAllBytes(path), _json) : null;
            var isWhole = table?.Rows is { Count: > 0 } rows && rows.All(row => row is { Channels: > 0, Milliseconds: > 0 });
            return isWhole ? table : null;
        }
        catch (Exception cause) when (cause is JsonException or NotSupportedException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    static void Write(string path, AlignmentTable table)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, table, _json), overwrite: true);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            // A cache that cannot be written costs the next run some seconds, and nothing else.
        }
    }
}
