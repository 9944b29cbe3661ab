using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources.Objects;

/// <summary>Picture files with the objects in them; a file is opened when it is asked for.</summary>
sealed class ObjectPictureSource(IReadOnlyList<LabelledPicture> pictures, ObjectClasses classes) : PixelSource
{
    internal override int Count => pictures.Count;

    internal override bool IsCostly => true;

    internal override int Label(int index) => -1;

    internal override string Name(int index) => pictures[index].Path;

    internal override RawImage Read(int index) => ImageDecoder.Decode(DataFiles.ReadAll(pictures[index].Path), pictures[index].Path);

    internal override ItemTarget Target(int index)
    {
        var picture = pictures[index];
        var (height, width) = ImageDecoder.Size(picture.Path);
        if (picture.Size is { } said && said != (height, width))
        {
            throw new OnnxEngineException(ErrorKind.Data,
                $"'{picture.Path}' is {height}x{width} but its labels are for a picture of {said.Height}x{said.Width}, so its boxes are somewhere else; give the pictures that were labelled.");
        }
        var objects = picture.Size is not null ? picture.Objects : [.. picture.Objects.Select(o => o with
        {
            Box = new Box(o.Box.Left * width, o.Box.Top * height, o.Box.Right * width, o.Box.Bottom * height),
        })];
        return new ObjectsTarget(objects, width, height) { Classes = classes };
    }
}
