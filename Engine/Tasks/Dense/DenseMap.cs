using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Engine.Tasks.Metrics;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Tasks.Dense;

/// <summary>One item's map of classes.</summary>
/// <param name="Height">Its height in pixels.</param>
/// <param name="Width">Its width.</param>
/// <param name="Classes">The class of each pixel, row by row.</param>
/// <param name="Known">Number of classes that it could hold; what integers could hold is not known, and bounded by what is believed.</param>
readonly record struct DenseMap(int Height, int Width, int[] Classes, int Known)
{
    // A class beyond this is none that anybody labels.
    const int MostClasses = 1 << 16;

    /// <summary>Reads classes: the likeliest one, the one that is said, or the second of two where a probability is above .5 or a score above 0.</summary>
    /// <param name="head">What the output holds.</param>
    /// <param name="item">The item, for an error.</param>
    /// <param name="output">What the model answers to it.</param>
    /// <exception cref="OnnxEngineException">It is no such map, or a value is NaN or no class (<see cref="ErrorKind.Model"/>).</exception>
    public static DenseMap Of(DenseHead head, int item, ItemOutput output)
    {
        var values = output.Values;
        var axis = head.ChannelAxis ?? output.Shape.Length;
        // An item of its own run may still have its batch of 1.
        var shape = output.Shape.Length > (head.ChannelAxis is null ? 2 : 3) && output.Shape[0] == 1 ? output.Shape[1..] : output.Shape;
        var channels = head.ChannelAxis is { } at && at < shape.Length ? shape[at] : 1;
        if (shape.Length != (head.ChannelAxis is null ? 2 : 3) || (head.Channels > 0 ? channels != head.Channels : channels < 2))
            throw new OnnxEngineException(ErrorKind.Model, $"The output '{head.Output.Name}' is [{string.Join(',', output.Shape)}] for an item, not a map as it declares ({head.Output}).");
        var (height, width) = axis == 0 ? (shape[1], shape[2]) : (shape[0], shape[1]);
        var classes = new int[height * width];
        var (step, stride) = axis == 0 ? (classes.Length, 1) : (1, channels);
        for (var pixel = 0; pixel < classes.Length; pixel++)
        {
            var first = pixel * stride;
            var best = values[first];
            var found = head.Form switch
            {
                DenseForm.Classes when best is >= 0 and < MostClasses => (int)best,
                DenseForm.Classes => throw new OnnxEngineException(ErrorKind.Model, FormattableString.Invariant($"The output '{head.Output.Name}' holds {best} for item {item}, which is no class.")),
                DenseForm.Probability => best > 0.5f ? 1 : 0,
                _ when channels == 1 => best > 0 ? 1 : 0,
                _ => 0,
            };
            var isNan = float.IsNaN(best);
            for (var c = 1; c < channels; c++)
            {
                var score = values[first + c * step];
                isNan |= float.IsNaN(score);
                if (score > best) (best, found) = (score, c);
            }
            if (isNan) throw new OnnxEngineException(ErrorKind.Model, $"The output '{head.Output.Name}' is NaN for item {item}; the model's weights or the data hold values it cannot work with.");
            classes[pixel] = found;
        }
        return new DenseMap(height, width, classes, head.Form == DenseForm.Classes ? MostClasses : Math.Max(2, channels));
    }

    /// <summary>The classes of a mask in the size of this map, each pixel that of the mask nearest to its centre; <see cref="ClassOverlap.Ignored"/> where it counts for nothing.</summary>
    public int[] Wanted(MaskTarget mask)
    {
        var wanted = new int[Classes.Length];
        for (var y = 0; y < Height; y++)
        {
            var row = (int)((2L * y + 1) * mask.Height / (2L * Height)) * mask.Width;
            for (var x = 0; x < Width; x++)
            {
                var c = mask.Classes[row + (int)((2L * x + 1) * mask.Width / (2L * Width))];
                wanted[y * Width + x] = c == MaskTarget.Ignored ? ClassOverlap.Ignored : c;
            }
        }
        return wanted;
    }
}
