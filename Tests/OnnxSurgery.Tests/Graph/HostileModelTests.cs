using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;
using AttributeType = OnnxEdit.Surgery.Proto.AttributeProto.Types.AttributeType;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>What mutated models have taught: small files that ask for too much, and messages that quote strange names.</summary>
public class HostileModelTests
{
    [Theory]
    [InlineData("Tile", 1_000_000L)]
    [InlineData("Expand", 1L << 31)]
    [InlineData("Expand", 1L << 40)]
    public void A_tensor_beyond_memory_is_refused_before_anything_is_run(string op, long factor)
    {
        var b = new GraphBuilder(1);
        var x = b.Conv(b.Input("x", 3, 8, 8), 8, pads: 1);
        var sizes = b.Integers("sizes", op == "Tile" ? [1, 1, factor, factor] : [factor, 1, 1, 1, 1]);
        var model = b.Build(b.Op(op, [x, sizes], [1, 8, 8, 8], "huge"));
        var e = Assert.Throws<OnnxSurgeryException>(() => NormalisedModel.Create(model));
        Assert.Matches("'huge'|2\\^31", e.Message);
    }

    [Fact]
    public void Tensors_that_double_many_times_are_refused()
    {
        var b = new GraphBuilder(1);
        var x = b.Conv(b.Input("x", 3, 8, 8), 8, pads: 1);
        for (var i = 0; i < 26; i++) x = b.Concat(2, x, x);
        Assert.Contains("does not fit into memory", Assert.Throws<OnnxSurgeryException>(() => NormalisedModel.Create(b.Build(x))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_size_that_depends_on_a_symbolic_batch_is_known_before_anything_is_run()
    {
        var b = new GraphBuilder(1);
        var x = b.Conv(b.Input("x", 3, 256, 256), 8, pads: 1);
        var product = b.MatMul(b.Op("Reshape", [x, b.Integers("column", -1, 1)], [1, 1]), b.Op("Reshape", [x, b.Integers("row", 1, -1)], [1, 1]));
        Assert.Contains($"'{product}'", Assert.Throws<OnnxSurgeryException>(() => NormalisedModel.Create(b.Build(product))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_operator_that_asks_for_too_much_while_it_runs_is_refused_before_it_fills_the_memory()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("The address space has a ceiling on Linux only.");
        var b = new GraphBuilder(1) { Batch = 1 };
        var x = b.Conv(b.Input("x", 3, 8, 8), 8, pads: 1);
        // A one that shape inference cannot know, and three times the room in all.
        var one = b.Op("Cast", [b.Op("ReduceMax", [b.Unary("Exp", b.Binary("Sub", x, x))], [1, 1, 1, 1])], [1, 1, 1, 1], configure: n => n.Set("to", 7));
        var times = b.Integers("times", (long)(3 * TraceRoom.Limit / (4 * 8 * 8 * 8)), 1, 1, 1, 1);
        var sizes = b.Binary("Mul", times, b.Op("Reshape", [one, b.Integers("flat", 1)], [1]));
        var model = b.Build(b.Op("Expand", [x, sizes], [1, 1, 8, 8, 8], "huge"));
        using var execution = ExecutionOptions.Enter(new ExecutionOptions { LimitsAddressSpace = true });
        Assert.Contains("not enough memory", Assert.Throws<OnnxSurgeryException>(() => NormalisedModel.Create(model)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_address_space_has_a_ceiling_only_where_it_is_asked_for()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("The address space has a ceiling on Linux only.");
        var before = Ceiling();
        using (new BoundedRun(new ModelProto { Graph = new GraphProto() })) Assert.Equal(before, Ceiling());
        using (ExecutionOptions.Enter(new ExecutionOptions { LimitsAddressSpace = true }))
        using (new BoundedRun(new ModelProto { Graph = new GraphProto() })) Assert.NotEqual(before, Ceiling());
        Assert.Equal(before, Ceiling());

        static string Ceiling() => File.ReadLines("/proc/self/limits").Single(line => line.StartsWith("Max address space", StringComparison.Ordinal));
    }

    [Fact]
    public void An_input_beyond_memory_is_refused()
    {
        var b = new GraphBuilder(1) { Batch = 1 };
        var model = b.Build(b.Relu(b.Input("x", 1 << 20, 1 << 20)));
        Assert.Contains("'x'", Assert.Throws<OnnxSurgeryException>(() => NormalisedModel.Create(model)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_input_beyond_memory_with_an_open_size_is_refused()
    {
        var b = new GraphBuilder(1);
        var model = b.Build(b.Relu(b.Input("x", 3, 8, 8)));
        var dims = model.Graph.Input[0].Type.TensorType.Shape.Dim;
        dims[2].DimParam = "height";
        dims[3].DimValue = long.MaxValue / 4;
        Assert.Contains("'x'", Assert.Throws<OnnxSurgeryException>(() => OpenInputs.Find(model, null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loop_without_end_is_stopped()
    {
        var model = EndlessLoop();
        using var run = new BoundedRun(model, TimeSpan.FromMilliseconds(100));
        using var session = OrtRuntime.CreateSession(model, optimise: false);
        Assert.Throws<OnnxRuntimeException>(() => session.Run(run.Options, [], [], ["last"]));
        Assert.Contains("Loop", run.Refusal!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_constant_without_its_value_is_left_to_onnx_runtime_to_refuse()
    {
        var b = new GraphBuilder(1);
        var x = b.Conv(b.Input("x", 3, 8, 8), 8);
        var model = b.Build(b.Add(x, b.Op("Constant", [], [1], "c", n => n.Attribute.Add(new AttributeProto { Name = "value", Type = AttributeType.Int, I = 1 }))));
        Assert.Throws<OnnxSurgeryException>(() => NormalisedModel.Create(model));
    }

    [Theory]
    [InlineData("two\nlines\r\nor more")]
    [InlineData("\u001B[31mred\u202Eder")]
    [InlineData("\0")]
    public void Names_with_control_characters_stay_out_of_messages(string name)
    {
        var model = SmallModels.Classifier();
        model.Graph.Node[2].Input[0] = name;
        var e = Assert.Throws<OnnxSurgeryException>(() => ModelValidator.Check(model));
        Assert.DoesNotContain(e.Message, c => char.IsControl(c) || c == '\u202E');
    }

    [Fact]
    public void A_name_of_a_hundred_thousand_characters_does_not_fill_the_screen()
    {
        var model = SmallModels.Classifier();
        model.Graph.Node[2].Input[0] = new string('n', 100_000);
        var e = Assert.Throws<OnnxSurgeryException>(() => ModelValidator.Check(model));
        Assert.InRange(e.Message.Length, 10, 1100);
        Assert.EndsWith("export the model again.", e.Message);
    }

    static ModelProto EndlessLoop()
    {
        TypeProto Scalar(TensorProto.Types.DataType type) => new() { TensorType = new() { ElemType = (int)type, Shape = new() } };
        ValueInfoProto Value(string name, TensorProto.Types.DataType type) => new() { Name = name, Type = Scalar(type) };
        var body = new GraphProto { Name = "body" };
        body.Input.AddRange([Value("i", TensorProto.Types.DataType.Int64), Value("go", TensorProto.Types.DataType.Bool), Value("v", TensorProto.Types.DataType.Int64)]);
        body.Node.AddRange([NodeAttributes.Node("Identity", ["go"], ["on"]), NodeAttributes.Node("Add", ["v", "i"], ["next"])]);
        body.Output.AddRange([Value("on", TensorProto.Types.DataType.Bool), Value("next", TensorProto.Types.DataType.Int64)]);
        var loop = NodeAttributes.Node("Loop", ["rounds", "", "zero"], ["last"]);
        loop.Attribute.Add(new AttributeProto { Name = "body", Type = AttributeType.Graph, G = body });
        var model = new ModelProto { IrVersion = 8, Graph = new GraphProto { Name = "loop", Node = { loop }, Output = { Value("last", TensorProto.Types.DataType.Int64) } } };
        model.Graph.Initializer.AddRange([TensorData.FromIntegers("rounds", [], [long.MaxValue]), TensorData.FromIntegers("zero", [], [0])]);
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        return model;
    }
}
