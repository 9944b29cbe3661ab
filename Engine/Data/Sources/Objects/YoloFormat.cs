using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources.Objects;

/// <summary>
/// Pictures in images/ with a .txt file of the same name for each in labels/; parts stand in both (images/train, labels/train) or hold
/// both (train/images, train/labels). classes.txt or the names in data.yaml name the classes.
/// </summary>
sealed class YoloFormat : DataFormat
{
    internal override DataParts? TryOpen(string path, InputGeometry input)
    {
        if (!Directory.Exists(path)) return null;
        var parts = Parts(path);
        if (parts.Count == 0) return null;
        var names = DataFiles.ReadNames(path, "classes.txt") ?? YamlNames.Read(path) ?? [];
        var tally = new BoxTally();
        List<string> remarks = [];
        ObjectPictureSource? Open(string? part) => part is null ? null : Read(parts[part], new ObjectClasses(names, []), tally, remarks);
        var isWhole = parts.ContainsKey("");
        var (train, test, unused) = PartFolders.Chosen(parts.Keys);
        var opened = new DataParts
        {
            Format = "pictures with YOLO labels",
            Whole = Open(isWhole ? "" : null),
            Train = Open(isWhole ? null : train),
            Test = Open(isWhole ? null : test),
            ClassNames = names.Length > 0 ? names : null,
        };
        string[] said = [.. remarks, .. tally.Remarks(), .. isWhole ? [] : unused.Select(part => $"{part}/ not used")];
        return opened with { Note = said.Length > 0 ? string.Join("; ", said) : null };
    }

    // Folders of pictures and of labels by part; a whole has the name "".
    static Dictionary<string, (string Images, string Labels)> Parts(string path)
    {
        Dictionary<string, (string Images, string Labels)> parts = [];
        void Add(string part, string images, string labels)
        {
            if (Directory.Exists(images) && HoldsLabels(labels)) parts.TryAdd(part, (images, labels));
        }
        Add("", Path.Combine(path, "images"), Path.Combine(path, "labels"));
        foreach (var folder in PartFolders.Of(path)) Add(Path.GetFileName(folder), Path.Combine(folder, "images"), Path.Combine(folder, "labels"));
        foreach (var folder in PartFolders.Of(Path.Combine(path, "images"))) Add(Path.GetFileName(folder), folder, Path.Combine(path, "labels", Path.GetFileName(folder)));
        return parts;
    }

    static bool HoldsLabels(string folder) => Directory.Exists(folder)
        && DataFiles.Guarded(folder, () => Directory.EnumerateFiles(folder, "*.txt").Any(file => Path.GetFileName(file) != "classes.txt"));

    static ObjectPictureSource Read((string Images, string Labels) part, ObjectClasses classes, BoxTally tally, List<string> remarks)
    {
        string[] files = DataFiles.Matching(part.Images, ImageDecoder.IsImage);
        if (files.Length == 0) throw new OnnxEngineException(ErrorKind.Data, $"'{part.Images}' holds no images (png, jpg, bmp, webp) for the labels in '{part.Labels}'.");
        string Label(string file) => Path.Combine(part.Labels, Path.GetFileNameWithoutExtension(file) + ".txt");
        var pictures = files.Select(file => new LabelledPicture(file, File.Exists(Label(file)) ? YoloLabels.Read(Label(file), tally) : [], null)).ToArray();
        var without = files.Count(file => !File.Exists(Label(file)));
        if (without == files.Length)
            throw new OnnxEngineException(ErrorKind.Data, $"None of the {files.Length} pictures in '{part.Images}' has a .txt file of its name in '{part.Labels}'.");
        if (without > 0) remarks.Add(FormattableString.Invariant($"{without:N0} of {files.Length:N0} pictures in {Path.GetRelativePath(Path.GetDirectoryName(part.Images)!, part.Images)}/ have no file of labels and count as empty"));
        var named = files.Select(file => Path.GetFileNameWithoutExtension(file)).ToHashSet();
        var orphans = Directory.EnumerateFiles(part.Labels, "*.txt").Count(file => Path.GetFileName(file) != "classes.txt" && !named.Contains(Path.GetFileNameWithoutExtension(file)));
        if (orphans > 0) remarks.Add(FormattableString.Invariant($"{orphans:N0} file{(orphans == 1 ? "" : "s")} of labels without a picture left out"));
        return new ObjectPictureSource(pictures, classes);
    }
}
