using System.Globalization;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Engine.Editing;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>
/// Images to edit as the user names them: a file, or an item of the data ("test:17", "train:3"); one by --image and
/// --label, or many in a file of lines "IMAGE,LABEL".
/// </summary>
sealed class EditList(ModelAndData inputs, ModelData? data)
{
    readonly Dictionary<string, ItemSet> _files = [];
    readonly ClassifierSignature _signature = ClassifierSignature.Of(inputs.Model.Proto, inputs.Output);

    /// <summary>One image.</summary>
    internal EditRequest One(string image, string label) => Request(image, ClassNames.Find(label, data?.ClassNames), null);

    /// <summary>Every line of a file; empty lines and those that begin with '#' are passed over, and so is a header.</summary>
    /// <exception cref="OnnxEngineException">There is no such file, or a line of it names no image and class; the message gives its number.</exception>
    internal IReadOnlyList<EditRequest> Read(string path)
    {
        if (!File.Exists(path)) throw new OnnxEngineException(ErrorKind.Data, $"There is no file '{path}'.");
        var folder = Path.GetDirectoryName(Path.GetFullPath(path));
        return [.. LabelList.Read(path, IsHeader, hasComments: true).Select(entry =>
        {
            try
            {
                return Request(entry.Image, ClassNames.Find(entry.Label, data?.ClassNames), folder);
            }
            catch (OnnxEngineException e)
            {
                throw new OnnxEngineException(e.Kind, $"Line {entry.Line} of '{path}': {e.Message}", e);
            }
        })];
    }

    static bool IsHeader(LabelList.Entry entry) =>
        entry.Label.Equals("label", StringComparison.OrdinalIgnoreCase)
        && (entry.Image.Equals("image", StringComparison.OrdinalIgnoreCase) || entry.Image.Equals("path", StringComparison.OrdinalIgnoreCase));

    EditRequest Request(string image, int label, string? folder)
    {
        if (image.Split(':', 2) is [("test" or "train") and var part, var number] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
        {
            var images = (part == "test" ? data?.Test : data?.Train)
                ?? throw new OnnxEngineException(ErrorKind.Data, $"'{image}' names an item of the data, but there is no {part} part; give --data.");
            return index < images.Count ? new EditRequest(image, images, index, label)
                : throw new OnnxEngineException(ErrorKind.Data, $"There is no item {index} in the {part} part; it has {images.Count:N0}, counted from 0.");
        }
        if (_signature.Inputs.Count > 1)
            throw new OnnxEngineException(ErrorKind.Usage, $"'{image}' is no item of the data, and a file is not enough for a model with {_signature.Inputs.Count} inputs; name an item, such as test:17 or train:3.");
        // Files of a list are looked for beside it.
        var path = folder is null || Path.IsPathFullyQualified(image) ? image : Path.Combine(folder, image);
        if (!_files.TryGetValue(path, out var file)) _files[path] = file = ImageFiles.Open(path, _signature.Input, inputs.Preprocessing);
        return new EditRequest(image, file, 0, label);
    }
}
