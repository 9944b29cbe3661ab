using OnnxEdit.Engine.Data.Sources.Objects;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>A way in which data is stored.</summary>
abstract class DataFormat
{
    /// <summary>Every format, asked in this order; the image folder comes last because it takes any folder.</summary>
    internal static IReadOnlyList<DataFormat> All { get; } =
        [new CifarFormat(), new IdxFormat(), new ParquetFormat(), new NpzFormat(), new NpyFormat(), new CocoFormat(), new YoloFormat(), new TextListFormat(), new MaskFolderFormat(), new ImageFolderFormat()];

    /// <summary>Opens the data at an existing path, or returns null when it is not in this format.</summary>
    /// <exception cref="OnnxEngineException">It is in this format but damaged or incomplete.</exception>
    internal abstract DataParts? TryOpen(string path, InputGeometry input);

    /// <summary>Opens the data at a path in whichever format it is.</summary>
    internal static DataParts Open(string path, InputGeometry input)
    {
        if (!File.Exists(path) && !Directory.Exists(path))
            throw new OnnxEngineException(ErrorKind.Data, $"There is no file or folder '{path}'; give DataOptions.Path an existing one.");
        foreach (var format in All)
        {
            if (format.TryOpen(path, input) is { } parts)
                return parts;
        }

        throw new OnnxEngineException(
            ErrorKind.Data,
            $"'{path}' is in no known data format; give an image folder, COCO .json, CIFAR .bin, MNIST idx, .npz, .npy or Parquet file.");
    }
}
