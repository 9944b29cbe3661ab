using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>Pictures with a mask each, both decoded when they are asked for.</summary>
sealed class MaskFileSource : PixelSource
{
    // Masks that are looked at; the others are taken to be alike, and refused where they are not.
    const int Looked = 48;

    readonly IReadOnlyList<(string Picture, string Mask)> _files;

    public MaskFileSource(IReadOnlyList<(string Picture, string Mask)> files) => (_files, IsBlackAndWhite) = (files, LookBlackAndWhite(files));

    /// <summary>Whether masks hold 0 and 255 only: then 255 is class 1, and not what counts for nothing.</summary>
    public bool IsBlackAndWhite { get; }

    internal override int Count => _files.Count;

    internal override bool IsCostly => true;

    internal override int Label(int index) => -1;

    internal override string Name(int index) => _files[index].Picture;

    internal override RawImage Read(int index) => ImageDecoder.Decode(DataFiles.ReadAll(_files[index].Picture), _files[index].Picture);

    internal override ItemTarget Target(int index)
    {
        var (picture, path) = _files[index];
        var mask = MaskDecoder.Read(path);
        var (height, width) = ImageDecoder.Size(DataFiles.ReadAll(picture), picture);
        if ((mask.Height, mask.Width) != (height, width))
            throw new OnnxEngineException(ErrorKind.Data, $"The mask '{path}' is {mask.Height}x{mask.Width}, but its picture '{picture}' is {height}x{width}; each needs the size of the other.");
        return IsBlackAndWhite ? mask with { Classes = Array.ConvertAll(mask.Classes, value => Class(value, path)) } : mask;
    }

    static byte Class(byte value, string path) => value switch
    {
        0 => 0,
        255 => 1,
        _ => throw new OnnxEngineException(ErrorKind.Data, $"The mask '{path}' holds {value}, while others are black and white; give masks of classes, or black and white ones only."),
    };

    static bool LookBlackAndWhite(IReadOnlyList<(string Picture, string Mask)> files)
    {
        var (step, isWhite) = (Math.Max(1, files.Count / Looked), false);
        foreach (var (looked, index) in Enumerable.Range(0, files.Count).OrderBy(i => i % step).Index())
        {
            if (isWhite && looked >= Looked) break;
            foreach (var value in MaskDecoder.Read(files[index].Mask).Classes)
            {
                if (value is not (0 or 255)) return false;
                isWhite |= value == 255;
            }
        }
        return isWhite;
    }
}
