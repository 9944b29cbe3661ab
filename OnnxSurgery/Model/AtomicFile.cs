namespace OnnxEdit.Surgery.Model;

/// <summary>Writes a file beside its target and renames it, so that nobody ever sees half of it.</summary>
static class AtomicFile
{
    /// <summary>Writes a file.</summary>
    /// <param name="path">The target.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="overwrite">Whether a file that is there may be replaced.</param>
    /// <param name="durable">Whether the content has to be on the disk before the file gets its name, so that a crash leaves no empty one.</param>
    /// <exception cref="IOException">The target exists, or the folder is missing or full.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be written to.</exception>
    public static void Write(string path, Action<Stream> write, bool overwrite = false, bool durable = false)
    {
        if (!overwrite && File.Exists(path)) throw new IOException($"'{path}' exists");
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                write(stream);
                if (durable) stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Writes a text file in UTF-8.</summary>
    /// <inheritdoc cref="Write"/>
    public static void WriteText(string path, string text, bool overwrite = false, bool durable = false) =>
        Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)), overwrite, durable);
}
