using System.Globalization;
using System.Text;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>Pictures with what they say: a list labels.txt, gt.txt or rec_gt*.txt of lines FILE, a tab, TEXT, in the folder of the pictures or above images/.</summary>
sealed class TextListFormat : DataFormat
{
    internal override DataParts? TryOpen(string path, InputGeometry input)
    {
        var lists = Directory.Exists(path) ? DataFiles.Matching(path, IsList) : File.Exists(path) && IsList(Path.GetFileName(path)) ? [path] : [];
        if (lists.Length == 0 || !lists.All(NamesPictures)) return null;
        List<string> notes = [];
        return DataParts.FromFiles("pictures with their text", lists, null, list => Open(list, notes)) is var parts && notes.Count > 0 ? parts with { Note = string.Join("; ", notes) } : parts;
    }

    static bool IsList(string name) => name is "labels.txt" or "gt.txt" || name.StartsWith("rec_gt", StringComparison.Ordinal) && name.EndsWith(".txt", StringComparison.Ordinal);

    // Files of these names may as well list classes.
    static bool NamesPictures(string list) => DataFiles.Guarded(list, () => File.ReadLines(list).FirstOrDefault(line => line.Trim().Length > 0))?.Split('\t') is [var image, _, ..] && ImageDecoder.IsImage(image);

    static ImageFileSource Open(string list, List<string> notes)
    {
        var (folder, lines) = (DataFiles.Folder(list), Lines(list));
        List<((string, int) File, ItemTarget Target)> found = [];
        foreach (var (number, line) in lines)
        {
            if (line.IndexOf('\t', StringComparison.Ordinal) is not (> 0 and var tab)) throw new OnnxEngineException(ErrorKind.Data, $"Line {number} of '{list}' is not FILE, a tab, TEXT.");
            var existing = new[] { Path.Combine(folder, line[..tab]), Path.Combine(folder, "images", line[..tab]) }.FirstOrDefault(File.Exists);
            if (existing is not null) found.Add(((existing, -1), new TextTarget(line[(tab + 1)..])));
        }
        if (found.Count == 0) throw new OnnxEngineException(ErrorKind.Data, $"None of the {lines.Count.ToString("N0", CultureInfo.InvariantCulture)} pictures that '{list}' names is there, the first being '{lines[0].Text.Split('\t')[0]}'; put the list into the folder that they are named from.");
        if (found.Count < lines.Count)
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"{lines.Count - found.Count:N0} of {lines.Count:N0} pictures that {Path.GetFileName(list)} names are missing and left out"));
        return new ImageFileSource([.. found.Select(item => item.File)], [.. found.Select(item => item.Target)]);
    }

    // Blanks may be part of a text; empty lines are none.
    static List<(int Number, string Text)> Lines(string list)
    {
        var bytes = DataFiles.ReadAll(list);
        try
        {
            return [.. new UTF8Encoding(false, true).GetString(bytes).TrimStart('\uFEFF').Split('\n').Select((line, i) => (i + 1, line.TrimEnd('\r'))).Where(line => line.Item2.Trim().Length > 0)];
        }
        catch (DecoderFallbackException inner)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"'{list}' is no UTF-8 from byte {inner.Index} on; save it as UTF-8.", inner);
        }
    }
}
