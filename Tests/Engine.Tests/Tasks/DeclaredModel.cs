using System.Globalization;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Tests;

/// <summary>Models that only declare what goes in and comes out, which is what tasks are recognised by.</summary>
static class DeclaredModel
{
    /// <summary>A model as tasks look at it.</summary>
    /// <param name="input">What goes in, e.g. "x float N,3,H,W"; several between semicolons.</param>
    /// <param name="outputs">What comes out, and by which operators, the last of them last, e.g. "y float N,1,H,W Conv+Sigmoid".</param>
    /// <param name="options">What is asked for.</param>
    public static TaskSubject Of(string input, string outputs, EvaluationOptions? options = null)
    {
        var graph = new GraphProto { Name = "declared" };
        graph.Input.AddRange(input.Split("; ").Select(Described));
        foreach (var output in outputs.Split("; "))
        {
            var value = Described(output);
            graph.Output.Add(value);
            var operators = output.Split(' ') is [_, _, _, var made] ? made.Split('+') : ["Conv"];
            for (var i = 0; i < operators.Length; i++)
                graph.Node.Add(NodeAttributes.Node(operators[i], [i == 0 ? graph.Input[0].Name : $"{value.Name}:{i - 1}"], [i == operators.Length - 1 ? value.Name : $"{value.Name}:{i}"], $"{value.Name}.{i}"));
        }
        return TaskSubject.Of(new ModelProto { IrVersion = 8, Graph = graph }, options ?? new EvaluationOptions());
    }

    static ValueInfoProto Described(string text)
    {
        var words = text.Split(' ');
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)Enum.Parse<DataType>(words[1], ignoreCase: true), Shape = new TensorShapeProto() };
        foreach (var extent in words[2].Split(','))
            tensor.Shape.Dim.Add(Extent(extent));
        return new ValueInfoProto { Name = words[0], Type = new TypeProto { TensorType = tensor } };
    }

    // A number, a name, or "?" where nothing is declared.
    static TensorShapeProto.Types.Dimension Extent(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? new() { DimValue = value } : text == "?" ? new() : new() { DimParam = text };
}
