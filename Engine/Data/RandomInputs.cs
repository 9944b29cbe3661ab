using System.Globalization;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Surgery;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Data;

/// <summary>Makes the data of "random:N": values for every input of a model, from its type and shape.</summary>
static class RandomInputs
{
    /// <summary>Further items that nothing is fitted to, at most.</summary>
    const int HeldOut = 200;

    internal static ModelData Open(DataOptions options, IReadOnlyList<ModelInput> inputs)
    {
        if (!int.TryParse(options.Path.AsSpan("random:".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count == 0)
            throw new OnnxEngineException(ErrorKind.Usage, $"'{options.Path}' does not say how many random inputs; write random:1000.");
        var held = Math.Min(count, HeldOut);
        var sets = inputs.Select((input, number) => (ItemSet)new RandomItemSet(
            count + held, Shape(input.Geometry, options.Preprocessing), Bound(input), options.Seed, number, options.UniformRandom)).ToArray();
        var all = sets is [var only] ? only : new JoinedItemSet(sets);
        var items = all.Select([.. Enumerable.Range(0, count)]);
        return new ModelData(string.Create(CultureInfo.InvariantCulture, $"{count:N0} random inputs with seed {options.Seed}, unlabelled{(options.UniformRandom ? "; uniform between 0 and 1, since the model fails on normal values" : "")}."))
        {
            IsRandom = true,
            Train = items,
            Calibration = items,
            Validation = all.Select([.. Enumerable.Range(count, held)]),
        };
    }

    static int Bound(ModelInput input) => input.Type switch
    {
        DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Double => 0,
        DataType.Uint8 => 256,
        DataType.Bool => 2,
        DataType.Int8 or DataType.Int16 or DataType.Int32 or DataType.Int64 or DataType.Uint16 or DataType.Uint32 or DataType.Uint64 => input.Bound,
        _ => throw new OnnxEngineException(ErrorKind.Model, $"The input '{input.Name}' is {DeclaredTensor.NameOf(input.Type)}, and no random values can be made for it."),
    };

    static int[] Shape(InputGeometry input, Preprocessing? preprocessing)
    {
        var shape = input.ItemShape.ToArray();
        if (input.Rank == 3)
        {
            var first = (preprocessing?.Layout ?? input.Layout) == PixelLayout.Nchw ? 1 : 0;
            shape[first] = shape[first] > 0 ? shape[first] : preprocessing?.Resize?.Height ?? -1;
            shape[first + 1] = shape[first + 1] > 0 ? shape[first + 1] : preprocessing?.Resize?.Width ?? -1;
        }

        return shape.All(extent => extent > 0) ? shape : throw new OnnxEngineException(
            ErrorKind.Data, $"The model leaves the size of its input '{input.Name}' open, so random inputs have no size; give Preprocessing.Resize = HEIGHTxWIDTH or ModelSignature.Of(shapes).");
    }
}
