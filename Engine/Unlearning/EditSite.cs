using OnnxEdit.Engine.Linear;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>
/// A place where channels can be set to zero: a linear unit (filter, constant term and the normalisation behind it), or
/// a normalisation that stands alone, as before the attention and the hidden layer of a transformer (scale and shift).
/// </summary>
sealed class EditSite
{
    readonly LinearUnit? _unit;
    readonly string[] _parameters;
    readonly GraphProto _graph;

    EditSite(string name, string output, int axis, LinearUnit? unit, string[] parameters, GraphProto graph) =>
        (Name, Output, ChannelAxis, _unit, _parameters, _graph) = (name, output, axis, unit, parameters, graph);

    /// <summary>Identity of the node.</summary>
    public string Name { get; }

    /// <summary>The tensor that it makes.</summary>
    public string Output { get; }

    /// <summary>Axis of the channels in it.</summary>
    public int ChannelAxis { get; }

    /// <summary>All sites of a body in graph order, that of the last layer excluded.</summary>
    public static List<EditSite> All(NormalisedModel model, LastLayer last)
    {
        var (graph, index) = (model.Proto.Graph, model.Index);
        var names = new NodeNames(graph);
        List<EditSite> sites = [];
        var taken = new HashSet<string> { last.Unit.Output };
        foreach (var node in last.Body.Where(n => n.Output[0] != last.Unit.Node.Output[0] && model.Trace.Shapes.ContainsKey(n.Output[0])))
        {
            var rank = model.Trace.Shape(node.Output[0]).Length;
            if (LinearUnit.Of(node, graph, index) is { } unit)
            {
                if (rank < 2) continue;
                taken.Add(unit.Output);
                sites.Add(new EditSite(names.Of(node), unit.Output, unit.IsConv ? 1 : rank - 1, unit, [], graph));
            }
            else if (!taken.Contains(node.Output[0]) && Affine(node, index) is { } found)
                sites.Add(new EditSite(names.Of(node), node.Output[0], found.IsLast ? rank - 1 : 1, null, found.Parameters, graph));
        }
        return sites;
    }

    /// <summary>Number of channels.</summary>
    public int Channels(ShapeTrace trace) => (int)trace.Shape(Output)[ChannelAxis];

    /// <summary>Sum of the absolute weights that make each channel.</summary>
    public double[] Norms() => _unit?.FilterSums(Math.Abs) ?? Array.ConvertAll(TensorData.Floats(Find(_parameters[0])), g => (double)Math.Abs(g));

    /// <summary>Makes channels exactly zero.</summary>
    public void Zero(IReadOnlyCollection<int> channels)
    {
        if (_unit is not null)
        {
            var (weights, bias) = _unit.Read();
            foreach (var k in channels)
            {
                bias[k] = 0;
                for (var i = 0; i < weights.GetLength(1); i++) weights[k, i] = 0;
            }
            _unit.Write(weights, bias);
        }
        foreach (var name in _parameters)
        {
            var values = TensorData.Floats(Find(name));
            foreach (var k in channels) values[k] = 0;
            TensorData.SetFloats(Find(name), values);
        }
    }

    // Scale and shift of a normalisation, constants of its own: as an operator, or written out as Mul and Add.
    static (string[] Parameters, bool IsLast)? Affine(NodeProto node, GraphIndex index)
    {
        bool IsOwn(string name) => index.Initializer(name) is { Dims.Count: 1 } && index.Consumers(name).Count == 1;
        if (node.OpType is "BatchNormalization" or "InstanceNormalization" or "LayerNormalization" && node.Input.Count > 2)
            return IsOwn(node.Input[1]) && IsOwn(node.Input[2]) ? ([node.Input[1], node.Input[2]], node.OpType == "LayerNormalization") : null;
        if (node.OpType != "Add" || node.Input.FirstOrDefault(IsOwn) is not { } shift
            || index.Producer(node.Input.First(i => i != shift)) is not { OpType: "Mul" } mul || mul.Input.FirstOrDefault(IsOwn) is not { } scale
            || index.Consumers(mul.Output[0]).Count > 1 || !index.Initializer(scale)!.Dims.SequenceEqual(index.Initializer(shift)!.Dims)) return null;
        return ([scale, shift], true);
    }

    TensorProto Find(string name) => _graph.Initializer.First(t => t.Name == name);
}
