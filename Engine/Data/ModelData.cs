using OnnxEdit.Surgery;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Data;

/// <summary>The data for one model, shared out by purpose.</summary>
public sealed class ModelData
{
    internal ModelData(string description) => Description = description;

    /// <summary>Every training item that is not kept for validation; null without a training part.</summary>
    public ItemSet? Train { get; internal init; }

    /// <summary>Training items to collect statistics on, a subset of <see cref="Train"/>; labels are not needed.</summary>
    public ItemSet? Calibration { get; internal init; }

    /// <summary>Training items to choose settings on, none of them in <see cref="Train"/>.</summary>
    public ItemSet? Validation { get; internal init; }

    /// <summary>Items nothing is fitted to, on which accuracy is reported.</summary>
    public ItemSet? Test { get; internal init; }

    /// <summary>Tokens of the longest text; 0: the data is no texts.</summary>
    internal int LongestText { get; init; }

    /// <summary>True where the items are random numbers.</summary>
    internal bool IsRandom { get; init; }

    /// <summary>True where <see cref="Test"/> was divided from data that has no parts of its own.</summary>
    internal bool IsDivided { get; init; }

    /// <summary>Names of the model's outputs, or null when the data does not name them.</summary>
    public IReadOnlyList<string>? ClassNames { get; internal init; }

    /// <summary>A sentence for the reader: what was read and how it was split.</summary>
    public string Description { get; }

    /// <summary>The same for any model: images for one with one input, else an .npz file with an array per input, or random inputs.</summary>
    /// <param name="options">Where the data is and how to split it.</param>
    /// <param name="inputs">What the model takes, one for each of its inputs.</param>
    /// <inheritdoc cref="Open(DataOptions, InputGeometry)"/>
    public static ModelData Open(DataOptions options, IReadOnlyList<ModelInput> inputs) => DataSplitter.Split(options, inputs);

    /// <summary>Finds the format of the data, checks it against the model's input and shares it out.</summary>
    /// <param name="options">Where the data is and how to split it.</param>
    /// <param name="input">What one item of the model's input looks like.</param>
    /// <exception cref="OnnxEngineException">
    /// The data is missing, damaged, does not fit the model, or is 8-bit without a normalisation (<see cref="ErrorKind.Data"/>).
    /// </exception>
    public static ModelData Open(DataOptions options, InputGeometry input) => DataSplitter.Split(options, [new ModelInput(input.Name ?? "input", input.IsUInt8 ? DataType.Uint8 : DataType.Float, input, 2)]);
}
