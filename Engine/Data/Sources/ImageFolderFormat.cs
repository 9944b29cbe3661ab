using System.Globalization;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>
/// A folder of image files: one sub-folder per class, a flat folder with labels.csv (path,label), or a flat folder
/// without labels; each of these may stand in train/, test/ or val/. classes.txt sets the order of the classes.
/// </summary>
sealed class ImageFolderFormat : DataFormat
{
    static readonly string[] PartNames = ["train", "test", "val", "valid", "validation"];

    internal override DataParts? TryOpen(string path, InputGeometry input)
    {
        if (!Directory.Exists(path))
            return null;
        var (parts, train, remark) = Divide(SubFolders(path));
        var names = DataFiles.ReadNames(path, "classes.txt") ?? NamesIn(parts.Count > 0 ? parts : [path]);
        if (parts.Count == 0)
            return new DataParts { Format = "an image folder", Whole = Read(path, names), ClassNames = names, Note = Joined(remark, OrderNote(names)) };

        var held = parts.Where(folder => folder != train).ToDictionary(folder => Path.GetFileName(folder), folder => Read(folder, names));
        // A test folder without labels, as competitions hand out, is of less use than a labelled val folder.
        var test = held.OrderByDescending(entry => entry.Value.Label(0) >= 0).ThenBy(entry => Array.IndexOf(PartNames, entry.Key)).FirstOrDefault();
        var unused = held.Keys.Where(key => key != test.Key).Select(key => key + "/").ToList();
        return new DataParts
        {
            Format = "an image folder",
            Train = train is null ? null : Read(train, names),
            Test = test.Value,
            ClassNames = names,
            Note = Joined(remark, unused.Count == 0 ? null : $"{string.Join(" and ", unused)} not used", OrderNote(names)),
        };
    }

    // The folders that are parts and not classes, the training part among them, and what is to be said of it.
    static (List<string> Parts, string? Train, string? Remark) Divide(List<string> folders)
    {
        var parts = folders.Where(folder => PartNames.Contains(Path.GetFileName(folder))).ToList();
        var others = folders.Except(parts).ToList();
        var train = parts.Find(folder => Path.GetFileName(folder) == "train");
        if (parts.Count == 0 || others.Count == 0) return (parts, train, null);
        if (train is not null && parts.Count > 1)
            return (parts, train, $"{string.Join(" and ", others.Select(folder => $"{Path.GetFileName(folder)}/"))} not used, beside {Path.GetFileName(train)}/ and {Path.GetFileName(parts[0])}/");
        if (train is null && others is [var only])
            return ([.. parts, only], only, $"{Path.GetFileName(only)}/ is taken for the training part, since {Path.GetFileName(parts[0])}/ stands beside it");
        // There are trains and tests among pictures, too.
        return ([], null, $"{string.Join(" and ", parts.Select(folder => $"{Path.GetFileName(folder)}/"))} taken for a class, since {others.Count switch { 1 => "one other folder stands", var n => $"{n} others stand" }} beside it");
    }

    static string? Joined(params string?[] remarks) => string.Join("; ", remarks.OfType<string>()) is { Length: > 0 } note ? note : null;

    static List<string> SubFolders(string path) => DataFiles.Guarded(path, () =>
        Directory.EnumerateDirectories(path)
            .Where(folder => Path.GetFileName(folder)[0] is not ('.' or '_'))
            .Order(StringComparer.Ordinal).ToList());

    static List<string> Images(string path, SearchOption depth) => DataFiles.Guarded(path, () =>
        Directory.EnumerateFiles(path, "*", depth).Where(ImageDecoder.IsImage).Order(StringComparer.Ordinal).ToList());

    // Folders named 0 to 11 are read by whoever made them as numbers; 10 stands before 2 in a list of texts.
    static string[] InOrder(IEnumerable<string> names)
    {
        string[] texts = [.. names.Distinct().Order(StringComparer.Ordinal)];
        return AreNumbers(texts) ? [.. texts.OrderBy(name => Number(name))] : texts;
    }

    static bool AreNumbers(string[] names) => names.All(name => Number(name) is not null);

    // Said where it makes a difference.
    static string? OrderNote(string[]? names) => names is { Length: > 0 } && AreNumbers(names) && !names.SequenceEqual(names.Order(StringComparer.Ordinal))
        ? "class names are numbers and stand in their order" : null;

    /// <summary>Class names in ordinal order, or that of their numbers where all are such, from the sub-folders or from labels.csv when that holds names.</summary>
    static string[]? NamesIn(List<string> roots)
    {
        var lists = roots.ConvertAll(ReadCsv);
        var names = InOrder(roots.Zip(lists).SelectMany(pair => pair.Second is { } rows
            ? rows.Select(row => row.Label)
            : SubFolders(pair.First).Select(folder => Path.GetFileName(folder))));
        var areNumbers = lists.Exists(list => list is not null) && AreNumbers(names);
        return names.Length == 0 || areNumbers ? null : names;
    }

    static ImageFileSource Read(string root, string[]? names)
    {
        if (ReadCsv(root) is { } rows)
            return new ImageFileSource([.. rows.Select(row => (Existing(root, row.Image), LabelOf(row.Label, names, $"labels.csv in '{root}'")))], [.. rows.Select(row => new TextTarget(row.Label))]);
        var folders = SubFolders(root);
        var loose = Images(root, SearchOption.TopDirectoryOnly);
        if (folders.Count == 0)
        {
            if (loose.Count == 0)
                throw new OnnxEngineException(ErrorKind.Data, $"'{root}' holds no images (png, jpg, bmp, webp) and no other known data.");
            return new ImageFileSource([.. loose.Select(file => (file, -1))]);
        }

        if (folders.Count == 1 && names!.Length == 1)
        {
            throw new OnnxEngineException(
                ErrorKind.Data,
                $"'{root}' has a single class folder, '{Path.GetFileName(folders[0])}'; give at least two classes, or the folder itself for images without labels.");
        }

        var files = new List<(string, int)>();
        foreach (var folder in folders)
        {
            var label = LabelOf(Path.GetFileName(folder), names, $"a sub-folder of '{root}'");
            var images = Images(folder, SearchOption.AllDirectories);
            if (images.Count == 0)
                throw new OnnxEngineException(ErrorKind.Data, $"The class folder '{folder}' holds no images; fill or remove it.");
            files.AddRange(images.Select(file => (file, label)));
        }

        return new ImageFileSource(files);
    }

    // Whatever the columns are called: a first line that names no image file names them.
    static IReadOnlyList<LabelList.Entry>? ReadCsv(string root)
    {
        var file = Path.Combine(root, "labels.csv");
        return File.Exists(file) ? LabelList.Read(file, entry => !ImageDecoder.IsImage(entry.Image), hasComments: false) : null;
    }

    static string Existing(string root, string path)
    {
        var full = Path.Combine(root, path);
        return File.Exists(full) ? full : throw new OnnxEngineException(ErrorKind.Data, $"labels.csv in '{root}' lists '{path}', which does not exist.");
    }

    static int LabelOf(string text, string[]? names, string where)
    {
        var index = names is null ? -1 : Array.IndexOf(names, text);
        if (index >= 0)
            return index;
        return Number(text) is { } number && where.StartsWith("labels.csv", StringComparison.Ordinal)
            ? number
            : throw new OnnxEngineException(ErrorKind.Data, $"'{text}', {where}, is not in classes.txt; add it there or remove it.");
    }

    static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
}
