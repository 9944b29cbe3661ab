using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Refit;

/// <summary>
/// An elementwise activation of any make (HardSwish, Sigmoid, x * Sigmoid(x), LeakyRelu ...), known by its values: straight
/// lines between points from -64 to 64, one 64th apart, and on beyond. Fine enough to take slopes from.
/// </summary>
sealed class ActivationCurve
{
    const float Low = -64, Step = 1f / 64;

    const int Points = 2 * 64 * 64 + 1;

    readonly float[] _values;
    readonly float[] _slopes;

    ActivationCurve(float[] values) =>
        (_values, _slopes) = (values, [.. Enumerable.Range(0, Points - 1).Select(i => (values[i + 1] - values[i]) / Step)]);

    /// <summary>Measures an activation.</summary>
    /// <param name="apply">Applies it to some values.</param>
    public static ActivationCurve Of(Func<float[], float[]> apply) => new(apply([.. Enumerable.Range(0, Points).Select(i => Low + i * Step)]));

    /// <summary>The activation of a value.</summary>
    public float At(float y) => _values[Cell(y)] + _slopes[Cell(y)] * (y - Low - Cell(y) * Step);

    /// <summary>Its derivative.</summary>
    public float Slope(float y) => _slopes[Cell(y)];

    /// <summary>Adds nodes that compute both of a tensor.</summary>
    /// <returns>Names of the activation and of its derivative.</returns>
    public (string Passed, string Slope) AddNodes(GraphProto graph, string y)
    {
        graph.Initializer.Add(TensorData.FromFloats("curve_values", [Points - 1], _values[..^1]));
        graph.Initializer.Add(TensorData.FromFloats("curve_slopes", [Points - 1], _slopes));
        foreach (var (name, value) in new[] { ("curve_low", Low), ("curve_step", Step), ("curve_zero", 0), ("curve_last", Points - 2f) })
            graph.Initializer.Add(TensorData.FromFloats(name, [], [value]));
        string Op(string op, string output, params string[] inputs)
        {
            graph.Node.Add(NodeAttributes.Node(op, inputs, [output]));
            return output;
        }
        Op("Div", "curve_cells", Op("Sub", "curve_shifted", y, "curve_low"), "curve_step");
        Op("Clip", "curve_cell", Op("Floor", "curve_floor", "curve_cells"), "curve_zero", "curve_last");
        var index = NodeAttributes.Node("Cast", ["curve_cell"], ["curve_index"]);
        index.Set("to", (long)TensorProto.Types.DataType.Int64);
        graph.Node.Add(index);
        var slope = Op("Gather", "curve_slope", "curve_slopes", "curve_index");
        var rest = Op("Sub", "curve_rest", "curve_shifted", Op("Mul", "curve_start", "curve_cell", "curve_step"));
        return (Op("Add", "curve_passed", Op("Gather", "curve_value", "curve_values", "curve_index"), Op("Mul", "curve_rise", slope, rest)), slope);
    }

    static int Cell(float y) => (int)Math.Clamp(MathF.Floor((y - Low) / Step), 0, Points - 2);
}
