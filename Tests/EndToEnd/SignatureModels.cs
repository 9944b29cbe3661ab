using Google.Protobuf;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.EndToEnd;

/// <summary>Small networks that are not image classifiers, one per kind of signature.</summary>
static class SignatureModels
{
    /// <summary>An image and a vector go in; maps [N,2,8,8] come out.</summary>
    internal static ModelProto TwoInputs()
    {
        var b = new GraphBuilder(3);
        var image = b.Relu(b.Conv(b.Input("image", 3, 8, 8), 8, pads: 1));
        var gate = b.Unary("Sigmoid", b.Reshape(b.Gemm(b.Input("condition", 4), 8), -1, 8, 1, 1));
        var y = b.Conv(b.Relu(b.Conv(b.Mul(image, gate), 8, pads: 1)), 2, pads: 1, name: "y");
        return b.Build(y);
    }

    /// <summary>24 numbers whose arrangement another input states: [-1, 4, 6] is what the weights take.</summary>
    internal static ModelProto Grid()
    {
        var b = new GraphBuilder(12);
        var x = b.Input("x", 24);
        var shape = b.Op("Squeeze", [b.Gather(b.Input("grid", 3), 0, 0), b.Integers("first", 0)], [3], "shape");
        var y = b.MatMul(b.Relu(b.MatMul(b.Op("Reshape", [x, shape], [1, 4, 6], "rows"), 8)), 3, name: "y");
        var model = b.Build(y);
        model.Graph.Input[1].Type.TensorType.ElemType = (int)DataType.Int64;
        return model;
    }

    /// <summary>A detector: scores [1,64,2] and boxes [1,64,4] of one image.</summary>
    internal static ModelProto Detector()
    {
        var b = new GraphBuilder(4) { Batch = 1 };
        var x = b.Relu(b.Conv(b.Relu(b.Conv(b.Input("image", 3, 8, 8), 12, pads: 1)), 8, pads: 1));
        string Head(int width, string name) => b.Op("Reshape", [b.Transpose(b.Conv(x, width, pads: 1), 0, 2, 3, 1), b.Integers($"{name}.shape", 1, 64, width)], [1, 64, width], name);
        return b.Build(Head(2, "scores"), Head(4, "boxes"));
    }

    /// <summary>A segmenter whose only output is the int64 class of each pixel.</summary>
    internal static ModelProto IntegerOutput()
    {
        var b = new GraphBuilder(5) { Batch = 1 };
        var x = b.Conv(b.Relu(b.Conv(b.Input("image", 3, 8, 8), 12, pads: 1)), 3, pads: 1);
        var model = b.Build(b.Op("ArgMax", [x], [1, 1, 8, 8], "classes", node => node.Set("axis", 1L)));
        model.Graph.Output[0].Type.TensorType.ElemType = (int)DataType.Int64;
        return model;
    }

    /// <summary>Maps in, maps out, of any size; or, at a fixed batch, of 8x8.</summary>
    internal static ModelProto Filter(bool isOpen = true, long? batch = null)
    {
        var b = new GraphBuilder(6) { Batch = batch };
        var y = b.Conv(b.Relu(b.Conv(b.Relu(b.Conv(b.Input("image", 3, 8, 8), 8, pads: 1)), 8, pads: 1)), 3, pads: 1, name: "y");
        var model = b.Build(y);
        if (isOpen)
            foreach (var value in model.Graph.Input.Concat(model.Graph.Output))
                (value.Type.TensorType.Shape.Dim[2], value.Type.TensorType.Shape.Dim[3]) = (new() { DimParam = "h" }, new() { DimParam = "w" });
        return model;
    }

    /// <summary>Everything in one vector: an 8x8 image of 3 channels and 4 numbers behind it.</summary>
    internal static ModelProto Packed()
    {
        var b = new GraphBuilder(7);
        var packed = b.Op("Identity", ["packed"], [196], "all");
        var image = b.Op("Reshape", [b.Slice(packed, 0, 0, 192), b.Integers("image.shape", 1, 3, 8, 8)], [1, 3, 8, 8], "image");
        var y = b.Conv(b.Relu(b.Conv(image, 8, pads: 1)), 2, pads: 1, name: "y");
        var model = b.Build(y);
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float, Shape = new TensorShapeProto() };
        tensor.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = 196 });
        model.Graph.Input.Add(new ValueInfoProto { Name = "packed", Type = new TypeProto { TensorType = tensor } });
        model.Graph.Output[0].Type.TensorType.Shape.Dim[0] = new() { DimValue = 1 };
        return model;
    }

    /// <summary>Token numbers in, looked up in a table of 20 words; a state [2,batch,6] beside them.</summary>
    internal static ModelProto Tokens()
    {
        var b = new GraphBuilder(8);
        b.Input("tokens", 5);
        var words = b.Op("Gather", [b.Weight("table", [20, 6]), "tokens"], [1, 5, 6], "words");
        b.Input("state", 1, 6);
        var sum = b.Op("ReduceSum", ["state", b.Integers("axes", 0)], [1, 6], "sum", node => node.Set("keepdims", 0L));
        var x = b.Add(words, b.Op("Unsqueeze", [sum, b.Integers("one", 1)], [1, 1, 6], "wide"));
        var model = b.Build(b.MatMul(b.Relu(b.MatMul(x, 16)), 6, "y"));
        model.Graph.Input[0].Type.TensorType.ElemType = (int)DataType.Int64;
        var dims = model.Graph.Input[1].Type.TensorType.Shape.Dim;
        (dims[0], dims[1]) = (new() { DimValue = 2 }, new() { DimParam = "N" });
        return model;
    }

    /// <summary>A classifier as scikit-learn converters write it: its one output is a list of maps, no tensor.</summary>
    internal static ModelProto ListOfMaps()
    {
        var b = new GraphBuilder(9);
        var x = b.Softmax(b.Gemm(b.Relu(b.Gemm(b.Input("x", 6), 16)), 3), 1, "scores");
        var model = b.Build(x);
        var zip = NodeAttributes.Node("ZipMap", [x], ["maps"], "maps");
        zip.Domain = "ai.onnx.ml";
        zip.Set("classlabels_int64s", 0, 1, 2);
        model.Graph.Node.Add(zip);
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 1 });
        var map = new TypeProto { MapType = new TypeProto.Types.Map { KeyType = (int)DataType.Int64, ValueType = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float, Shape = new TensorShapeProto() } } } };
        model.Graph.Output[0] = new ValueInfoProto { Name = "maps", Type = new TypeProto { SequenceType = new TypeProto.Types.Sequence { ElemType = map } } };
        return model;
    }

    /// <summary>Writes a model into a folder of its own.</summary>
    internal static string Write(ColourFolder folder, ModelProto model)
    {
        File.WriteAllBytes(folder.Model, model.ToByteArray());
        return folder.Model;
    }
}
