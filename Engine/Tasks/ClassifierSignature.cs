using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Tasks;

/// <summary>What makes a graph a classifier: inputs whose first axis counts the items, and the output that holds a score per class.</summary>
public sealed record ClassifierSignature
{
    /// <summary>The graph's inputs, in its order: one image for most classifiers; ids, masks and the like, of any number type, for others.</summary>
    public required IReadOnlyList<ModelInput> Inputs { get; init; }

    /// <summary>What one item looks like: what the only input takes, else the one that is a picture, else the first.</summary>
    public InputGeometry Input => (Inputs.FirstOrDefault(i => i.Geometry.Rank == 3) ?? Inputs[0]).Geometry;

    /// <summary>Names of the inputs.</summary>
    internal string[] InputNames => [.. Inputs.Select(i => i.Name)];

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
    /// Not a classifier, or one with a single score (<see cref="ErrorKind.Model"/>), or no such output (<see cref="ErrorKind.Usage"/>).
    /// </exception>
    public static ClassifierSignature Of(ModelProto model, string? output = null) => Measured(model, output) is { IsBinary: false } signature ? signature
        : throw Unsuitable("it has one score for two classes, whose accuracy can be measured (eval, slim, report), but which has no row per class to edit; export it with two scores");

    /// <summary>Reads the signature of a model that is only run: one score behind a Sigmoid will do.</summary>
    /// <inheritdoc cref="Of"/>
    internal static ClassifierSignature Measured(ModelProto model, string? output = null)
    {
        var index = new GraphIndex(model.Graph);
        var batch = Batch(index);
        var scores = output is null ? ClassifierOutput.Find(index, batch) : ClassifierOutput.Named(index, output);
        var isBinary = ClassifierOutput.IsSingle(index, scores, batch);
        return new ClassifierSignature
        {
            Inputs = ModelInput.All(model, null),
            FixedBatch = batch > 0 ? (int)batch : null,
            OutputName = scores.Name,
            LogitsName = ClassifierOutput.BeforeSoftmax(index, scores.Name),
            LogitsType = scores.Type,
            IsBinary = isBinary,
            Classes = isBinary ? 2 : scores.Shape.Count > 1 && scores.Shape[1] > 0 ? (int)scores.Shape[1] : null,
        };
    }

    /// <summary>The extent that the first axis of every input has, which counts the items; -1 where it is open.</summary>
    /// <exception cref="OnnxEngineException">An input takes no items (<see cref="ErrorKind.Model"/>).</exception>
    internal static long Batch(GraphIndex index)
    {
        DeclaredTensor[] inputs = [.. index.Inputs.Select(DeclaredTensor.Of)];
        if (inputs.Length == 0) throw Unsuitable("it has no input");
        foreach (var input in inputs)
        {
            if (input.Shape.Count == 0)
                throw Unsuitable($"the input '{input.Name}' has no declared shape, so it cannot be matched with data; export the model with one");
            // Beside others an open [N] is a number for each item.
            if (input.Shape.Count < 2 && (inputs.Length == 1 || input.Shape[0] > 0))
                throw Unsuitable($"the input '{input.Name}' {input} has no batch axis followed by the values of an item; a classifier takes one item per row");
            if (!IsNumber(input.Type)) throw Unsuitable($"the input '{input.Name}' is {input.TypeName}, and items are fed as numbers or truth values");
        }
        return inputs.Select(input => input.Shape[0]).Where(extent => extent > 0).Distinct().ToArray() switch
        {
            [] => -1,
            [var one] when one == 1 || inputs.All(input => input.Shape[0] == one) => one,
            _ => throw Unsuitable($"its inputs ({string.Join(", ", inputs.Select(input => $"'{input.Name}' {input}"))}) differ in their first extent, which has to count the items for all of them"),
        };
    }

    static bool IsNumber(DataType type) => type is DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Double or DataType.Bool
        or DataType.Int8 or DataType.Int16 or DataType.Int32 or DataType.Int64 or DataType.Uint8 or DataType.Uint16 or DataType.Uint32 or DataType.Uint64;

    /// <summary>How the sentence of every refusal begins.</summary>
    internal const string Refusal = "The model cannot be used as a classifier: ";

    internal static OnnxEngineException Unsuitable(string reason) => new(ErrorKind.Model, $"{Refusal}{reason}.");
}
