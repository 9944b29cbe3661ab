using System.Globalization;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Editing;
using OnnxEdit.Engine.Tasks;

namespace OnnxEdit.Cli;

/// <summary>
/// Images to edit as the user names them: a file, or an item of the data ("test:17", "train:3"); one by --image and
/// --label, or many in a file of lines "IMAGE,LABEL".
/// </summary>
sealed class EditList(ModelAndData inputs, ModelData? data)
{
    readonly Dictionary<string, ItemSet> _files = [];
    readonly InputGeometry _input = ClassifierSignature.Of(inputs.Model.Proto, inputs.Output).Input;

    /// <summary>One image.</summary>
    internal EditRequest One(string image, string label) => Request(image, ClassNames.Find(label, data?.ClassNames), null);

    /// <summary>Every line of a file; empty lines and those that begin with '#' are passed over, and so is a header.</summary>
    internal IReadOnlyList<EditRequest> Read(string path)
    {
        if (!File.Exists(path)) throw new OnnxEngineException(ErrorKind.Data, $"There is no file '{path}'.");
        List<EditRequest> requests = [];
        var lines = File.ReadAllLines(path);
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].Trim();
            if (line.Length == 0 || line[0] == '#' || (requests.Count == 0 && line.Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant() is "image,label" or "path,label")) continue;
            var comma = line.LastIndexOf(',');
            if (comma <= 0) throw new OnnxEngineException(ErrorKind.Data, $"Line {i + 1} of '{path}' is not IMAGE,LABEL: '{line}'.");
            requests.Add(Request(line[..comma].Trim(), ClassNames.Find(line[(comma + 1)..].Trim(), data?.ClassNames), Path.GetDirectoryName(Path.GetFullPath(path))));
        }
        return requests.Count > 0 ? requests : throw new OnnxEngineException(ErrorKind.Data, $"'{path}' names no image; write lines IMAGE,LABEL.");
    }

    EditRequest Request(string image, int label, string? folder)
    {
        if (image.Split(':', 2) is [("test" or "train") and var part, var number] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
        {
            var images = (part == "test" ? data?.Test : data?.Train)
                ?? throw new OnnxEngineException(ErrorKind.Data, $"'{image}' names an item of the data, but there is no {part} part; give --data.");
            return index < images.Count ? new EditRequest(image, images, index, label)
                : throw new OnnxEngineException(ErrorKind.Data, $"There is no item {index} in the {part} part; it has {images.Count:N0}, counted from 0.");
        }
        // Files of a list are looked for beside it.
        var path = folder is null || Path.IsPathFullyQualified(image) ? image : Path.Combine(folder, image);
        if (!_files.TryGetValue(path, out var file)) _files[path] = file = ImageFiles.Open(path, _input, inputs.Preprocessing);
        return new EditRequest(image, file, 0, label);
    }
}
