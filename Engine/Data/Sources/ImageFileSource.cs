using OnnxEdit.Engine.Data.Targets;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>Image files, each decoded when it is asked for.</summary>
/// <param name="files">The files and their classes, -1 for none.</param>
/// <param name="targets">What is said of each beyond a class; null: nothing.</param>
sealed class ImageFileSource(IReadOnlyList<(string Path, int Label)> files, IReadOnlyList<ItemTarget>? targets = null) : PixelSource
{
    internal override int Count => files.Count;

    internal override bool IsCostly => true;

    internal override int Label(int index) => files[index].Label;

    internal override ItemTarget? Target(int index) => targets?[index];

    internal override string Name(int index) => files[index].Path;

    internal override RawImage Read(int index) => ImageDecoder.Decode(DataFiles.ReadAll(files[index].Path), files[index].Path);
}
