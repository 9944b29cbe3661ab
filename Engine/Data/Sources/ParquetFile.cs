using System.Text.Json;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>What all readers of Parquet files need.</summary>
static class ParquetFile
{
    /// <summary>A damaged file makes the reader fail in many ways; all of them become one sentence.</summary>
    internal static T Guarded<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception inner) when (inner is not OnnxEngineException and not OutOfMemoryException)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"Cannot read '{path}' as Parquet: {inner.Message}", inner);
        }
    }

    /// <summary>Names of a column's classes, features.COLUMN.names in the metadata that Hugging Face writes; null: there are none.</summary>
    internal static string[]? ClassNames(IReadOnlyDictionary<string, string> metadata, string column)
    {
        if (!metadata.TryGetValue("huggingface", out var json))
            return null;
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.GetProperty("info").GetProperty("features").GetProperty(column).TryGetProperty("names", out var names)
                ? [.. names.EnumerateArray().Select(name => name.GetString()!)]
                : null;
        }
        catch (Exception inner) when (inner is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    internal static void Wait(Task task) => task.GetAwaiter().GetResult();

    internal static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();
}
