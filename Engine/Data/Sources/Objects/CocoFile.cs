using System.Globalization;
using System.Text;
using System.Text.Json;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Sources.Objects;

/// <summary>Objects in pictures as COCO writes them: images, categories, and annotations with a bbox [left, top, width, height].</summary>
sealed class CocoFile
{
    // A box may stick out by a pixel for being rounded.
    const double Slack = 1;

    readonly BoxTally _boxes = new();

    /// <summary>The pictures, those without objects too; their paths are as the file names them.</summary>
    public required IReadOnlyList<Picture> Pictures { get; init; }

    /// <summary>The categories in the order of their ids: their place is the class.</summary>
    public required ObjectClasses Classes { get; init; }

    /// <summary>What was done to boxes.</summary>
    public IEnumerable<string> Remarks => _boxes.Remarks();

    /// <summary>A picture and the annotations of it; sizes are null where the file does not say them.</summary>
    internal sealed record Picture(string File, int? Height, int? Width, List<(int Class, Box Box, bool IsCrowd, bool IsIgnored)> Objects);

    /// <summary>Whether a file's name is that of annotations: instances_val2017.json, annotations.json, _annotations.coco.json.</summary>
    public static bool IsNamedSo(string name) => name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && name.TrimStart('_') is var stem
        && (stem.StartsWith("instances", StringComparison.OrdinalIgnoreCase) || stem.StartsWith("annotations", StringComparison.OrdinalIgnoreCase));

    /// <summary>The objects of a picture, cut to it.</summary>
    /// <param name="picture">One of the pictures.</param>
    /// <param name="height">Its height.</param>
    /// <param name="width">Its width.</param>
    public IReadOnlyList<LabelledObject> Objects(Picture picture, int height, int width) =>
    [
        .. picture.Objects.Select(o => (Object: o, Box: _boxes.Within(o.Box, width, height, Slack))).Where(o => o.Box is not null)
            .Select(o => new LabelledObject(o.Object.Class, o.Box!.Value) { IsCrowd = o.Object.IsCrowd, IsIgnored = o.Object.IsCrowd || o.Object.IsIgnored }),
    ];

    /// <summary>Reads a file.</summary>
    /// <exception cref="OnnxEngineException">It is no such file, or says something that cannot be (<see cref="ErrorKind.Data"/>).</exception>
    public static CocoFile Read(string path)
    {
        try
        {
            var bytes = DataFiles.ReadAll(path).AsMemory();
            // Some editors write a mark before the text.
            using var document = JsonDocument.Parse(bytes.Span.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes);
            return Read(path, document.RootElement);
        }
        // The second is what texts in broken UTF-8 end in.
        catch (Exception inner) when (inner is JsonException or InvalidOperationException)
        {
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' is not readable as JSON: {inner.Message}", inner);
        }
    }

    static CocoFile Read(string path, JsonElement root)
    {
        OnnxEngineException Fault(string why) => new(ErrorKind.Data, $"'{path}' is not a file of COCO annotations: {why}.");
        if (root.ValueKind != JsonValueKind.Object) throw Fault("it holds no object with images, annotations and categories; rename it if it is something else");
        JsonElement[] List(string name) => root.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray()]
            : throw Fault($"it has no list '{name}'; rename it if it is something else");
        var (images, annotations, categories) = (List("images"), List("annotations"), List("categories"));
        var numbers = new SortedDictionary<int, string>();
        foreach (var (at, category) in categories.Index())
        {
            var id = Whole(category, "id") ?? throw Fault($"category {at} has no id that is a whole number");
            if (!numbers.TryAdd(id, Text(category, "name") ?? $"{id}")) throw Fault($"two categories have the id {id}");
        }
        int[] ids = [.. numbers.Keys];
        Dictionary<string, Picture> pictures = [];
        foreach (var (at, image) in images.Index())
        {
            var id = Key(image, "id") ?? throw Fault($"image {at} has no id");
            var picture = new Picture(Text(image, "file_name")?.Replace('\\', '/') ?? throw Fault($"image {id} has no file_name"), Whole(image, "height"), Whole(image, "width"), []);
            if (!pictures.TryAdd(id, picture)) throw Fault($"two images have the id {id}");
        }
        HashSet<string> seen = [];
        foreach (var (at, annotation) in annotations.Index())
        {
            var id = Key(annotation, "id");
            if (id is not null && !seen.Add(id)) throw Fault($"two annotations have the id {id}");
            var what = id is null ? $"annotation {at} (from 0)" : $"annotation {id}";
            var image = Key(annotation, "image_id") ?? throw Fault($"{what} has no image_id");
            if (!pictures.TryGetValue(image, out var picture)) throw Fault($"{what} belongs to image {image}, which is not listed");
            var category = Whole(annotation, "category_id") ?? throw Fault($"{what} has no category_id");
            var place = Array.BinarySearch(ids, category);
            if (place < 0) throw Fault($"{what} is of category {category}, which is not listed");
            var box = Numbers(annotation, "bbox") is [var left, var top, var width, var height] ? new Box(left, top, left + width, top + height)
                : throw Fault($"{what} has no bbox of four numbers");
            picture.Objects.Add((place, box, IsSet(annotation, "iscrowd"), IsSet(annotation, "ignore") || IsSet(annotation, "difficult")));
        }
        if (pictures.Count == 0) throw Fault("it lists no images");
        return new CocoFile { Pictures = [.. pictures.Values], Classes = new ObjectClasses([.. numbers.Values], ids) };
    }

    static JsonElement? Member(JsonElement of, string name) => of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) ? value : null;

    // Ids are numbers or texts, and the same number may be written in several ways.
    static string? Key(JsonElement of, string name) => Member(of, name) switch
    {
        { ValueKind: JsonValueKind.Number } number => number.TryGetInt64(out var whole) ? whole.ToString(CultureInfo.InvariantCulture) : number.GetRawText(),
        { ValueKind: JsonValueKind.String } text => $"'{text.GetString()}'",
        _ => null,
    };

    static int? Whole(JsonElement of, string name) => Member(of, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetDouble(out var value)
        && value == Math.Floor(value) && Math.Abs(value) <= int.MaxValue ? (int)value : null;

    static string? Text(JsonElement of, string name) => Member(of, name) is { ValueKind: JsonValueKind.String } text && text.GetString() is { Length: > 0 } value ? value : null;

    static double[]? Numbers(JsonElement of, string name) => Member(of, name) is { ValueKind: JsonValueKind.Array } list
        && list.EnumerateArray().All(n => n.ValueKind == JsonValueKind.Number && n.TryGetDouble(out var value) && double.IsFinite(value)) ? [.. list.EnumerateArray().Select(n => n.GetDouble())] : null;

    static bool IsSet(JsonElement of, string name) => Member(of, name) switch
    {
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.Number } number => number.GetDouble() != 0,
        _ => false,
    };
}
