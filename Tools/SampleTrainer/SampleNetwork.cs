using OnnxEdit.Engine.Sample;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.SampleTrainer;

/// <summary>
/// The sample's network before training (opset 17), nodes named like layers: a stem that halves the size, three residual
/// blocks of 16, 32 and 64 channels, the mean over pixels, a linear layer.
/// </summary>
sealed class SampleNetwork
{
    const int Classes = 10, Features = 64;

    readonly GraphProto _graph = new() { Name = "sample" };
    readonly Philox4x32 _random;

    SampleNetwork(ulong seed) => _random = new Philox4x32(seed, 1);

    /// <summary>Builds it, with weights drawn from a seed.</summary>
    public static ModelProto Build(ulong seed)
    {
        var network = new SampleNetwork(seed);
        network.Add();
        var model = new ModelProto { IrVersion = 8, ProducerName = "onnxedit sample trainer", Graph = network._graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        return model;
    }

    void Add()
    {
        _graph.Input.Add(Declared("input", 3, SampleImages.Side, SampleImages.Side));
        _graph.Output.Add(Declared("logits", Classes));
        var value = Node("Relu", "relu", Convolution("conv1", "bn1", "input", 3, 16, 3, 2));
        value = Block("layer1.0", value, 16, 16, 1);
        value = Block("layer2.0", value, 16, 32, 2);
        value = Block("layer3.0", value, 32, Features, 2);
        value = Node("Flatten", "flatten", Node("GlobalAveragePool", "avgpool", value));
        Node("Gemm", "fc", value, Weight("fc.weight", 1 / Math.Sqrt(Features), Classes, Features), Filled("fc.bias", 0, Classes));
        _graph.Node[^1].Set("transB", 1L);
        _graph.Node[^1].Output[0] = "logits";
    }

    /// <summary>Two 3x3 convolutions beside the identity, or beside a 1x1 convolution where the size changes.</summary>
    string Block(string name, string input, int from, int to, int stride)
    {
        var first = Node("Relu", $"{name}.relu1", Convolution($"{name}.conv1", $"{name}.bn1", input, from, to, 3, stride));
        var second = Convolution($"{name}.conv2", $"{name}.bn2", first, to, to, 3, 1);
        var beside = from == to ? input : Convolution($"{name}.downsample.conv", $"{name}.downsample.bn", input, from, to, 1, stride);
        return Node("Relu", $"{name}.relu2", Node("Add", $"{name}.add", second, beside));
    }

    /// <summary>A convolution without bias, padded so that stride 1 keeps the size, and its batch normalisation.</summary>
    string Convolution(string name, string norm, string input, int from, int to, int kernel, int stride)
    {
        // He et al. 2015: variance 2 / fan-out keeps gradients level through ReLUs.
        var value = Node("Conv", name, input, Weight($"{name}.weight", Math.Sqrt(2.0 / (to * kernel * kernel)), to, from, kernel, kernel));
        var pad = kernel / 2;
        _graph.Node[^1].Set("kernel_shape", kernel, kernel);
        _graph.Node[^1].Set("pads", pad, pad, pad, pad);
        _graph.Node[^1].Set("strides", stride, stride);
        value = Node("BatchNormalization", norm, value, Filled($"{norm}.weight", 1, to), Filled($"{norm}.bias", 0, to),
            Filled($"{norm}.running_mean", 0, to), Filled($"{norm}.running_var", 1, to));
        _graph.Node[^1].Set("epsilon", 1e-5f);
        return value;
    }

    /// <summary>Adds a node whose output is called after it.</summary>
    string Node(string op, string name, params string[] inputs)
    {
        _graph.Node.Add(NodeAttributes.Node(op, inputs, [$"{name}.out"], name));
        return $"{name}.out";
    }

    string Weight(string name, double deviation, params long[] dims)
    {
        var values = new float[dims.Aggregate(1L, (a, b) => a * b)];
        for (var i = 0; i < values.Length; i++) values[i] = (float)(deviation * _random.NextGaussian());
        return Initializer(name, dims, values);
    }

    string Filled(string name, float value, long length) => Initializer(name, [length], [.. Enumerable.Repeat(value, (int)length)]);

    string Initializer(string name, long[] dims, float[] values)
    {
        _graph.Initializer.Add(TensorData.FromFloats(name, dims, values));
        return name;
    }

    static ValueInfoProto Declared(string name, params long[] dims)
    {
        var type = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float, Shape = new TensorShapeProto() };
        type.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "N" });
        type.Shape.Dim.AddRange(dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = type } };
    }
}
