using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Tasks;

/// <summary>What makes a graph a classifier: the one image input and the output that holds a score per class.</summary>
public sealed record ClassifierSignature
{
    /// <summary>Name of the graph's input.</summary>
    public required string InputName { get; init; }

    /// <summary>Element type of the input: float32, float16, bfloat16, float64 or uint8.</summary>
    public required DataType InputType { get; init; }

    /// <summary>What one item of the input looks like.</summary>
    public required InputGeometry Input { get; init; }

    /// <summary>The batch size the graph insists on; null: any.</summary>
    public int? FixedBatch { get; init; }

    /// <summary>Name of the output (or inner tensor) the caller asked for, or of the one that looks like class scores.</summary>
    public required string OutputName { get; init; }

    /// <summary>The tensor to read: <see cref="OutputName"/>, or what goes into it when a Softmax makes it.</summary>
    public required string LogitsName { get; init; }

    /// <summary>Element type of the logits.</summary>
    public required DataType LogitsType { get; init; }

    /// <summary>Number of classes, when the graph declares it.</summary>
    public int? Classes { get; init; }

    /// <summary>True where one score tells two classes apart: class 1 where its Sigmoid is above 0.5. The logit of class 0 is then 0.</summary>
    internal bool IsBinary { get; init; }

    /// <summary>Reads the signature of a model that is edited by its classes, each of which has a score of its own.</summary>
    /// <param name="model">The model.</param>
    /// <param name="output">The logits: a graph output or any tensor in the graph; null: the one output that looks like class scores.</param>
    /// <exception cref="OnnxEngineException">
    /// Not an image classifier, or one with a single score (<see cref="ErrorKind.Model"/>), or no such output (<see cref="ErrorKind.Usage"/>).
    /// </exception>
    public static ClassifierSignature Of(ModelProto model, string? output = null) => Measured(model, output) is { IsBinary: false } signature ? signature
        : throw Unsuitable("it has one score for two classes, whose accuracy can be measured (eval, slim, report), but which has no row per class to edit; export it with two scores");

    /// <summary>Reads the signature of a model that is only run: one score behind a Sigmoid will do.</summary>
    /// <inheritdoc cref="Of"/>
    internal static ClassifierSignature Measured(ModelProto model, string? output = null)
    {
        var index = new GraphIndex(model.Graph);
        var input = TheInput(index);
        var dims = input.Shape.Count > 0 ? input.Shape : throw Unsuitable(
            $"the input '{input.Name}' has no declared shape, so it cannot be matched with images; export the model with one");
        if (dims.Count < 2)
            throw Unsuitable($"the input '{input.Name}' {input} has no batch axis followed by the values of an image; a classifier takes one item per row");
        if (input.Type is not (DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Double or DataType.Uint8))
            throw Unsuitable($"the input '{input.Name}' is {input.TypeName}, and images are fed as float32, float16, bfloat16, float64 or uint8");

        var geometry = InputGeometry.FromShape([.. dims.Skip(1).Select(extent => (int)extent)], input.Type == DataType.Uint8, input.Name);
        var scores = output is null ? ClassifierOutput.Find(index, dims[0]) : ClassifierOutput.Named(index, output);
        var isBinary = ClassifierOutput.IsSingle(index, scores, dims[0]);
        return new ClassifierSignature
        {
            InputName = input.Name,
            InputType = input.Type,
            Input = geometry,
            FixedBatch = dims[0] > 0 ? (int)dims[0] : null,
            OutputName = scores.Name,
            LogitsName = ClassifierOutput.BeforeSoftmax(index, scores.Name),
            LogitsType = scores.Type,
            IsBinary = isBinary,
            Classes = isBinary ? 2 : scores.Shape.Count > 1 && scores.Shape[1] > 0 ? (int)scores.Shape[1] : null,
        };
    }

    static DeclaredTensor TheInput(GraphIndex index)
    {
        var inputs = index.Inputs.Select(DeclaredTensor.Of).ToArray();
        return inputs.Length switch
        {
            1 => inputs[0],
            0 => throw Unsuitable("it has no input"),
            _ => throw Unsuitable($"it has {inputs.Length} inputs ({string.Join(", ", inputs.Select(i => $"'{i.Name}'"))}), and an image classifier has one"),
        };
    }

    /// <summary>How the sentence of every refusal begins.</summary>
    internal const string Refusal = "The model cannot be used as an image classifier: ";

    internal static OnnxEngineException Unsuitable(string reason) => new(ErrorKind.Model, $"{Refusal}{reason}.");
}
