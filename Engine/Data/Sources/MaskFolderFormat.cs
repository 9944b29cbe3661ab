using System.Globalization;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>
/// A folder of pictures (images/) beside one of masks (masks/): a mask is a png or bmp file named as its picture, or the same with _mask. Both may
/// stand in train/, test/ or val/.
/// </summary>
sealed class MaskFolderFormat : DataFormat
{
    static readonly string[] _pictures = ["images", "image", "imgs", "JPEGImages"], _masks = ["masks", "mask", "SegmentationClass", "annotations", "labels"];

    // Folders of these names hold other things, too; without a mask they are left to other formats.
    static readonly string[] _open = ["annotations", "labels"];

    internal override DataParts? TryOpen(string path, InputGeometry input)
    {
        if (!Directory.Exists(path)) return null;
        List<string> notes = [];
        if (Open(path, notes) is { } whole) return Parts(notes) with { Whole = whole };
        var parts = new[] { "train", "test", "val", "valid", "validation" }.Select(name => (Name: name, Source: Open(Path.Combine(path, name), notes))).Where(part => part.Source is not null).ToArray();
        if (parts.Length == 0) return null;
        var test = parts.FirstOrDefault(part => part.Name != "train");
        if (parts.Where(part => part.Name != "train" && part != test).Select(part => $"{part.Name}/").ToArray() is { Length: > 0 } unused) notes.Add($"{string.Join(" and ", unused)} not used");
        return Parts(notes) with { Train = parts.FirstOrDefault(part => part.Name == "train").Source, Test = test.Source };
    }

    static DataParts Parts(List<string> notes) => new() { Format = "a folder of pictures and masks", Note = notes.Count == 0 ? null : string.Join("; ", notes.Distinct()) };

    static MaskFileSource? Open(string root, List<string> notes)
    {
        foreach (var (pictureFolder, maskFolder) in _pictures.SelectMany(_ => _masks, (pictures, masks) => (Path.Combine(root, pictures), Path.Combine(root, masks))))
        {
            if (!Directory.Exists(pictureFolder) || !Directory.Exists(maskFolder)) continue;
            var pictures = Files(pictureFolder, ImageDecoder.IsImage);
            var masks = Files(maskFolder, MaskDecoder.IsMask).ToLookup(file => Key(maskFolder, file));
            var isOpen = _open.Contains(Path.GetFileName(maskFolder));
            if (isOpen && masks.Count == 0) continue;
            (string Picture, string Mask)[] pairs = [.. pictures.Select(picture => (Picture: picture, Mask: Mask(masks, Key(pictureFolder, picture)))).Where(pair => pair.Mask is not null).Select(pair => (pair.Picture, pair.Mask!))];
            if (pairs.Length == 0)
            {
                if (isOpen) continue;
                throw new OnnxEngineException(ErrorKind.Data, $"No picture in '{pictureFolder}' has a mask in '{maskFolder}'; a mask is a png or bmp file named as its picture, or the same with _mask.");
            }
            var source = new MaskFileSource(pairs);
            if (pairs.Length < pictures.Length) notes.Add(string.Create(CultureInfo.InvariantCulture, $"{pictures.Length - pairs.Length:N0} of {pictures.Length:N0} pictures have no mask and are left out"));
            if (source.IsBlackAndWhite) notes.Add("white is class 1, since the masks are black and white");
            return source;
        }
        return null;
    }

    static string[] Files(string folder, Func<string, bool> isOne) => DataFiles.Guarded(folder, () =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(isOne).Order(StringComparer.Ordinal).ToArray());

    static string? Mask(ILookup<string, string> masks, string key) => masks[key].Concat(masks[$"{key}_mask"]).FirstOrDefault();

    // The path within its folder, without what says how it is stored.
    static string Key(string folder, string file) => Path.ChangeExtension(Path.GetRelativePath(folder, file), null);
}
