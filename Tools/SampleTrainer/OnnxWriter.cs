using System.Runtime.InteropServices;
using Google.Protobuf;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.SampleTrainer;

/// <summary>Writes the network as an ONNX graph (opset 17) whose node names are the layers' names.</summary>
sealed class OnnxWriter
{
    readonly GraphProto _graph = new() { Name = "sample" };

    public static byte[] Write(Network network)
    {
        var writer = new OnnxWriter();
        writer.Add(network);
        var model = new ModelProto { IrVersion = 8, ProducerName = "onnxedit sample trainer", Graph = writer._graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        return model.ToByteArray();
    }

    void Add(Network network)
    {
        _graph.Input.Add(Tensor("input", 3, 32, 32));
        _graph.Output.Add(Tensor("logits", 10));
        var value = Node("Relu", "relu", Normalised(network.Stem, network.StemNorm, "input"));
        foreach (var block in network.Blocks)
        {
            var first = Node("Relu", block.Name + ".relu1", Normalised(block.First, block.FirstNorm, value));
            var second = Normalised(block.Second, block.SecondNorm, first);
            var beside = block.Shortcut is null ? value : Normalised(block.Shortcut, block.ShortcutNorm!, value);
            value = Node("Relu", block.Name + ".relu2", Node("Add", block.Name + ".add", second, beside));
        }

        value = Node("Flatten", "flatten", Node("GlobalAveragePool", "avgpool", value));
        Node("Gemm", "fc", value, Initializer(network.Weight), Initializer(network.Bias));
        var fc = _graph.Node[^1];
        fc.Attribute.Add(Ints("transB", 1));
        fc.Output[0] = "logits";
    }

    string Normalised(Convolution convolution, BatchNorm norm, string input)
    {
        var value = Node("Conv", convolution.Name, input, Initializer(convolution.Weight));
        var (kernel, pad, stride) = (convolution.Kernel, convolution.Kernel / 2, convolution.Stride);
        _graph.Node[^1].Attribute.AddRange(
            [Ints("kernel_shape", [kernel, kernel]), Ints("pads", [pad, pad, pad, pad]), Ints("strides", [stride, stride])]);
        value = Node(
            "BatchNormalization", norm.Name, value, Initializer(norm.Gamma), Initializer(norm.Beta),
            Initializer(norm.Name + ".running_mean", norm.RunningMean), Initializer(norm.Name + ".running_var", norm.RunningVariance));
        _graph.Node[^1].Attribute.Add(new AttributeProto { Name = "epsilon", Type = AttributeProto.Types.AttributeType.Float, F = BatchNorm.Epsilon });
        return value;
    }

    /// <summary>Adds a node whose output is called after it.</summary>
    string Node(string op, string name, params string[] inputs)
    {
        var node = new NodeProto { OpType = op, Name = name };
        node.Input.AddRange(inputs);
        node.Output.Add(name + ".out");
        _graph.Node.Add(node);
        return node.Output[0];
    }

    string Initializer(Parameter parameter) => Initializer(parameter.Name, parameter.Values, parameter.Shape);

    string Initializer(string name, float[] values, params int[] shape)
    {
        var tensor = new TensorProto
        {
            Name = name,
            DataType = (int)TensorProto.Types.DataType.Float,
            RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(values)),
        };
        tensor.Dims.AddRange((shape.Length == 0 ? [values.Length] : shape).Select(extent => (long)extent));
        _graph.Initializer.Add(tensor);
        return name;
    }

    static AttributeProto Ints(string name, params long[] values)
    {
        var attribute = new AttributeProto { Name = name };
        if (values.Length == 1)
            (attribute.Type, attribute.I) = (AttributeProto.Types.AttributeType.Int, values[0]);
        else
        {
            attribute.Type = AttributeProto.Types.AttributeType.Ints;
            attribute.Ints.AddRange(values);
        }

        return attribute;
    }

    static ValueInfoProto Tensor(string name, params int[] extents)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "N" });
        shape.Dim.AddRange(extents.Select(extent => new TensorShapeProto.Types.Dimension { DimValue = extent }));
        return new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float, Shape = shape } },
        };
    }
}
