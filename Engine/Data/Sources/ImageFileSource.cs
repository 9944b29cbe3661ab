namespace OnnxEdit.Engine.Data.Sources;

/// <summary>Image files, each decoded when it is asked for.</summary>
sealed class ImageFileSource(IReadOnlyList<(string Path, int Label)> files) : PixelSource
{
    internal override int Count => files.Count;

    internal override bool IsCostly => true;

    internal override int Label(int index) => files[index].Label;

    internal override string Name(int index) => files[index].Path;

    internal override RawImage Read(int index) => ImageDecoder.Decode(DataFiles.ReadAll(files[index].Path), files[index].Path);
}
