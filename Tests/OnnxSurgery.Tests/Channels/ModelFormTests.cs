using Google.Protobuf;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using OnnxEdit.Surgery.Rewrites;
using Xunit;
using AttributeType = OnnxEdit.Surgery.Proto.AttributeProto.Types.AttributeType;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>The many forms in which models are stored: each is cut rightly, or locked with a reason.</summary>
public class ModelFormTests
{
    public static TheoryData<int> Opsets => [.. Enumerable.Range(7, 18)];

    [Theory]
    [MemberData(nameof(Opsets))]
    public void Old_and_new_operator_forms_are_cut_and_keep_their_opset(int opset)
    {
        var b = new GraphBuilder(1, opset);
        var c = b.Relu(b.BatchNorm(b.Conv(b.Input("x", 3, 8, 8), 8, pads: 1, name: "c1"), name: "bn"));
        var padded = Form(b, opset, "Pad", c, [1, 8, 10, 10], 11, "pads", [0, 0, 1, 1, 0, 0, 1, 1], [0, 0, 1, 1, 0, 0, 1, 1]);
        var cut = Slice(b, opset, padded);
        var clipped = Clip(b, opset, cut);
        var pooled = b.GlobalAveragePool(b.Conv(clipped, 6, name: "c2"));
        var flat = Form(b, opset, "Squeeze", pooled, [1, 6], 13, "axes", [2, 3], [2, 3]);
        var soft = b.Op("Softmax", [b.Gemm(b.Reshape(b.Op("Identity", [flat], [1, 6]), -1, 6), 4, name: "fc")], [1, 4], "y", n => n.Set("axis", 1));
        var model = b.Build(soft);
        model.IrVersion = opset < 9 ? 3 : opset < 20 ? 8 : 10;
        if (model.IrVersion < 4) ListInitializers(model);
        foreach (var (tensor, places) in (IEnumerable<(string, int[])>)[("c1", [0, 3, 7]), ("c2", [1, 5])])
        {
            var slim = new Specimen(model).Remove(tensor, places);
            Assert.Equal(opset, Assert.Single(slim.OpsetImport).Version);
            ModelValidator.CheckRuntime(slim);
        }
    }

    [Fact]
    public void Half_weights_are_cut()
    {
        var b = new GraphBuilder(1) { ElementType = DataType.Float16 };
        var c = b.Relu(b.Conv(b.Input("x", 3, 8, 8), 8, name: "c1"));
        var slim = new Specimen(b.Build(b.Gemm(b.Flatten(b.Conv(c, 4, name: "c2")), 5))).Remove("c1", 2, 6);
        Assert.Equal((int)DataType.Float16, slim.Graph.Initializer.First(t => t.Name == "c1.weight").DataType);
    }

    [Fact]
    public void Double_weights_are_cut_where_ONNX_Runtime_computes_with_them()
    {
        var b = new GraphBuilder(1) { ElementType = DataType.Double };
        var slim = new Specimen(b.Build(b.MatMul(b.Relu(b.MatMul(b.Input("x", 6), 8, name: "f1")), 5))).Remove("f1", 2, 6);
        Assert.Equal((int)DataType.Double, slim.Graph.Initializer.First(t => t.Name == "f1.weight").DataType);
    }

    [Fact]
    public void A_type_that_ONNX_Runtime_has_no_kernels_for_is_refused_in_one_sentence()
    {
        var b = new GraphBuilder(1) { ElementType = DataType.Bfloat16 };
        var model = b.Build(b.Conv(b.Relu(b.Conv(b.Input("x", 3, 8, 8), 8)), 4));
        var error = Assert.Throws<OnnxSurgeryException>(() => NormalisedModel.Create(model));
        Assert.DoesNotContain('\n', error.Message);
        Assert.StartsWith("ONNX Runtime refuses the model: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(300)]
    public void Weights_in_Constant_nodes_are_cut(int width)
    {
        var b = new GraphBuilder(1);
        var f = b.Op("MatMul", [b.Input("x", 5), b.Constant("w1", [5, width], 5)], [1, width], "f1");
        var s = new Specimen(b.Build(b.Op("MatMul", [b.Relu(f), b.Constant("w2", [width, 3], width)], [1, 3], "f2")));
        Assert.Equal([width - 1, 3], Specimen.Dims(s.Remove("f1", 1), "w2"));
    }

    [Fact]
    public void Repeated_and_spelled_out_operator_sets_are_understood()
    {
        var model = Chain();
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx", Version = 17 });
        foreach (var node in model.Graph.Node) node.Domain = "ai.onnx";
        var slim = new Specimen(model).Remove("c1", 0);
        Assert.Equal(model.OpsetImport, slim.OpsetImport);
    }

    [Fact]
    public void Images_with_channels_last_are_turned_and_cut()
    {
        var b = new GraphBuilder(1);
        var c = b.Conv(b.Transpose(b.Input("x", 8, 8, 3), 0, 3, 1, 2), 6, name: "c1");
        var last = b.Transpose(b.Relu(c), 0, 2, 3, 1);
        new Specimen(b.Build(b.MatMul(last, 4, name: "m"))).Remove("c1", 0, 4);
    }

    [Fact]
    public void Several_inputs_and_outputs_are_kept()
    {
        var b = new GraphBuilder(1);
        var (x, z) = (b.Conv(b.Input("x", 3, 6, 6), 5, name: "cx"), b.Conv(b.Input("z", 2, 6, 6), 5, name: "cz"));
        var sum = b.Relu(b.Add(x, z));
        var slim = new Specimen(b.Build(b.Conv(sum, 2, name: "a"), b.Conv(sum, 3, name: "b"))).Remove("cz", 1);
        Assert.Equal(["x", "z"], slim.Graph.Input.Select(i => i.Name));
        Assert.Equal(["a", "b"], slim.Graph.Output.Select(o => o.Name));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Sparse_weights_are_filled_up_and_cut(bool isInitializer)
    {
        var b = new GraphBuilder(1);
        var f = b.Relu(b.MatMul(b.Input("x", 5), 8, name: "f1"));
        var model = b.Build(b.Op("MatMul", [f, "w"], [1, 4], "f2"));
        var values = TensorData.FromFloats("w", [6], [1, -2, 3, 4, -5, 6]);
        var sparse = new SparseTensorProto { Values = values, Indices = isInitializer ? TensorData.FromIntegers("", [6], [0, 5, 9, 14, 23, 30]) : TensorData.FromIntegers("", [6, 2], [0, 0, 1, 1, 2, 1, 3, 2, 5, 3, 7, 2]) };
        sparse.Dims.AddRange([8, 4]);
        if (isInitializer) model.Graph.SparseInitializer.Add(sparse);
        else
        {
            var constant = NodeAttributes.Node("Constant", [], ["w"]);
            constant.Attribute.Add(new AttributeProto { Name = "sparse_value", Type = AttributeType.SparseTensor, SparseTensor = sparse });
            model.Graph.Node.Insert(0, constant);
        }
        Assert.Equal([6, 4], Specimen.Dims(new Specimen(model).Remove("f1", 1, 3), "w"));
        sparse.Indices.RawData = TensorData.FromIntegers("", [6], [0, 5, 9, 14, 23, 32]).RawData;
        sparse.Indices.Dims.Clear();
        sparse.Indices.Dims.Add(6);
        Assert.Contains("indices that do not fit", Assert.Throws<OnnxSurgeryException>(() => NormalisedModel.Create(model)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Optional_outputs_that_are_left_empty_or_unread_do_no_harm()
    {
        var b = new GraphBuilder(1, 9);
        var c = b.Op("Dropout", [b.BatchNorm(b.Conv(b.Input("x", 3, 8, 8), 6, name: "c1"), "bn")], [1, 6, 6, 6], "drop");
        var model = b.Build(b.Conv(b.Relu(c), 4, name: "c2"));
        // ONNX Runtime ends the process here if it is given them.
        model.Graph.Node.Single(n => n.Name == "bn").Output.AddRange(["", "", "", ""]);
        model.Graph.Node.Single(n => n.Name == "drop").Output.Add("mask");
        new Specimen(model).Remove("c1", 1, 4);
    }
    [Fact]
    public void Quantisation_notes_and_training_records_survive()
    {
        var model = Chain();
        model.Graph.QuantizationAnnotation.Add(new TensorAnnotation { TensorName = "c1" });
        model.TrainingInfo.Add(new TrainingInfoProto { Algorithm = new GraphProto { Name = "sgd" } });
        var slim = new Specimen(model).Remove("c1", 0);
        Assert.Equal("c1", Assert.Single(slim.Graph.QuantizationAnnotation).TensorName);
        Assert.Equal("sgd", Assert.Single(slim.TrainingInfo).Algorithm.Name);
    }

    [Fact]
    public void Sequence_outputs_and_string_constants_lock_only_what_they_hold()
    {
        var b = new GraphBuilder(1);
        var x = b.Input("x", 3, 6, 6);
        var held = b.Conv(x, 4, name: "held");
        var pair = b.Op("SequenceConstruct", [held, held], [], "pair");
        var model = b.Build(b.Conv(b.Relu(b.Conv(x, 4, name: "c1")), 2), held);
        model.Graph.Output[1] = new ValueInfoProto
        {
            Name = pair,
            Type = new TypeProto { SequenceType = new TypeProto.Types.Sequence { ElemType = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1 } } } },
        };
        var names = new TensorProto { Name = "names", DataType = (int)DataType.String };
        names.Dims.Add(1);
        names.StringData.Add(ByteString.CopyFromUtf8("cat"));
        model.Graph.Initializer.Add(names);
        model.Graph.Node.Add(NodeAttributes.Node("Identity", ["names"], ["labels"]));
        model.Graph.Output.Add(SmallModels.Value("labels", DataType.String, 1));
        var s = new Specimen(model);
        Assert.Equal(0, s.Free("held"));
        Assert.Equal(4, s.Free("c1"));
        _ = ChannelRemoval.Apply(s.Analysis, RandomRemoval.Draw(s.Analysis, 1, 0.5));
    }

    internal static ModelProto Chain()
    {
        var b = new GraphBuilder(1);
        return b.Build(b.Conv(b.Relu(b.Conv(b.Input("x", 3, 6, 6), 4, name: "c1")), 2, name: "c2"));
    }

    // An operator whose second argument was an attribute before some opset.
    static string Form(GraphBuilder b, int opset, string op, string input, long[] shape, int since, string argument, long[] asAttribute, long[] asInput) =>
        opset < since
            ? b.Op(op, [input], shape, null, n => n.Set(argument, asAttribute))
            : b.Op(op, [input, b.Integers($"{op}.{argument}", asInput)], shape);

    static string Slice(GraphBuilder b, int opset, string input)
    {
        if (opset >= 10) return b.Slice(input, 1, 1, 8);
        var shape = (long[])b.Shape(input).Clone();
        shape[1] = 7;
        return b.Op("Slice", [input], shape, null, n =>
        {
            n.Set("axes", [1L]);
            n.Set("starts", [1L]);
            n.Set("ends", [8L]);
        });
    }

    static string Clip(GraphBuilder b, int opset, string input) => opset < 11
        ? b.Op("Clip", [input], b.Shape(input), null, n => n.Set("max", 0.8f))
        : b.Op("Clip", [input, "", b.Floats("top", [], 0.8f)], b.Shape(input));

    static void ListInitializers(ModelProto model)
    {
        foreach (var t in model.Graph.Initializer) model.Graph.Input.Add(SmallModels.Value(t.Name, (DataType)t.DataType, [.. t.Dims]));
    }
}
