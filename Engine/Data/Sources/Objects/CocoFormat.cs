using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources.Objects;

/// <summary>
/// Pictures with COCO annotations: a .json file, or a folder that holds one (instances*.json, annotations*.json) itself, in annotations/, or
/// in train/, valid/ and test/ each. Pictures stand where file_name says, beside the file, in images/, or in the folder that the file is
/// named by (val2017/ for annotations/instances_val2017.json).
/// </summary>
sealed class CocoFormat : DataFormat
{
    const string Name = "pictures with COCO annotations";

    internal override DataParts? TryOpen(string path, InputGeometry input)
    {
        if (File.Exists(path)) return path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? Whole(path) : null;
        var files = Files(path);
        if (files.Length == 0) files = Files(Path.Combine(path, "annotations"));
        if (files.Length == 0) files = [.. PartFolders.Of(path).SelectMany(Files)];
        if (files.Length == 0) return null;
        if (files is [var only]) return Whole(only);
        if (files.FirstOrDefault(file => PartFolders.Part(path, file) is null) is { } unclear)
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' holds several files of annotations ({string.Join(", ", files.Select(Path.GetFileName))}) and '{Path.GetFileName(unclear)}' is named neither train nor val; give one file.");
        var parts = files.Select(file => (Part: PartFolders.Part(path, file), File: file)).ToLookup(f => f.Part, f => f.File);
        if (parts.FirstOrDefault(p => p.Count() > 1) is { } several)
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' holds several files of annotations for one part ({string.Join(", ", several.Select(Path.GetFileName))}); give one file.");
        var (train, test, unused) = PartFolders.Chosen(parts.Select(p => p.Key!));
        var (first, second) = (train is null ? null : Open(parts[train].Single()), test is null ? null : Open(parts[test].Single()));
        return new DataParts
        {
            Format = Name,
            Train = first?.Source,
            Test = second?.Source,
            ClassNames = (first ?? second)!.Names,
            Note = Note([.. first?.Remarks ?? [], .. second?.Remarks ?? [], .. unused.Select(part => $"{part} not used")]),
        };
    }

    static DataParts Whole(string file)
    {
        var opened = Open(file);
        return new DataParts { Format = Name, Whole = opened.Source, ClassNames = opened.Names, Note = Note(opened.Remarks) };
    }

    static string? Note(IReadOnlyList<string> remarks) => remarks.Count > 0 ? string.Join("; ", remarks) : null;

    static string[] Files(string folder) => Directory.Exists(folder) ? DataFiles.Matching(folder, CocoFile.IsNamedSo) : [];

    sealed record Opened(ObjectPictureSource Source, IReadOnlyList<string> Names, IReadOnlyList<string> Remarks);

    static Opened Open(string file)
    {
        var coco = CocoFile.Read(file);
        var folders = Folders(file);
        List<LabelledPicture> found = [];
        List<string> missing = [];
        foreach (var picture in coco.Pictures)
        {
            if (folders.Select(folder => Path.Combine(folder, picture.File)).FirstOrDefault(File.Exists) is not { } path)
            {
                missing.Add(picture.File);
                continue;
            }
            var (height, width) = picture is { Height: > 0 and var high, Width: > 0 and var wide } ? (high, wide) : ImageDecoder.Size(path);
            found.Add(new LabelledPicture(path, coco.Objects(picture, height, width), (height, width)));
        }
        if (found.Count == 0)
            throw new OnnxEngineException(ErrorKind.Data, $"None of the {missing.Count} pictures that '{file}' lists is there, '{missing[0]}' for one; put them beside it or in images/ (sought in {string.Join(", ", folders.Select(f => $"'{f}'"))}).");
        List<string> remarks = [];
        if (missing.Count > 0) remarks.Add(FormattableString.Invariant($"{missing.Count:N0} of {coco.Pictures.Count:N0} pictures that {Path.GetFileName(file)} lists are missing and left out, '{missing[0]}' for one"));
        if (coco.Classes.Numbers is [var first, ..] && (first != 0 || coco.Classes.Numbers[^1] != coco.Classes.Numbers.Count - 1)) remarks.Add($"{coco.Classes.Numbers.Count} categories are classes from 0 on in the order of their ids");
        return new Opened(new ObjectPictureSource(found, coco.Classes), coco.Classes.Names, [.. remarks, .. coco.Remarks]);
    }

    static string[] Folders(string file)
    {
        var own = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var part = Path.GetFileNameWithoutExtension(file) is var stem && stem.LastIndexOf('_') is >= 0 and var at ? stem[(at + 1)..] : stem;
        string[] roots = Path.GetFileName(own) == "annotations" ? [own, Path.GetDirectoryName(own)!] : [own];
        return [.. roots.SelectMany(root => (string[])[root, Path.Combine(root, "images"), Path.Combine(root, part), Path.Combine(root, "images", part)]).Where(Directory.Exists)];
    }
}
