using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Pixels;

/// <summary>Single image files, or arrays in .npy files, as inputs of a model.</summary>
static class ImageFiles
{
    /// <summary>Opens one file as a set of one item (an .npy file may hold more).</summary>
    /// <param name="path">png, jpg, bmp, webp, or .npy with items as the model takes them.</param>
    /// <param name="input">What the model takes.</param>
    /// <param name="preprocessing">How pixels become inputs.</param>
    /// <exception cref="OnnxEngineException">No such file, no image, another shape than the model takes, or no normalisation known.</exception>
    public static ItemSet Open(string path, InputGeometry input, Preprocessing? preprocessing)
    {
        if (!File.Exists(path)) throw new OnnxEngineException(ErrorKind.Data, $"There is no file '{path}'.");
        DataSource source = Path.GetExtension(path).Equals(".npy", StringComparison.OrdinalIgnoreCase)
            ? DataFormat.Open(path, input).Whole ?? throw new OnnxEngineException(ErrorKind.Data, $"'{path}' holds no items.")
            : new ImageFileSource([(path, -1)]);
        return new DataSets(new DataOptions { Path = path, Preprocessing = preprocessing }, input).Open(source, path)!;
    }
}
