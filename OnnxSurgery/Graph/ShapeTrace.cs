using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Model.Counting;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Graph;

/// <summary>
/// Concrete shapes of every tensor, found by running the model once with every tensor exposed rather than by
/// inference rules: right for every op ONNX Runtime supports. Models with a symbolic batch are run at two batch
/// sizes, which shows where the batch dimension sits in each tensor.
/// </summary>
sealed class ShapeTrace
{
    readonly Dictionary<string, long[]> _shapes = [];
    readonly Dictionary<string, int> _batchAxis = [];
    readonly Dictionary<string, TensorElementType> _types = [];
    readonly Dictionary<string, (long[] First, long[] Second)> _integers = [];
    TraceRuns.Values? _second, _other;
    bool _mayCoincide;
    (long Items, Dictionary<string, int>? Axis) _examples;

    ShapeTrace(bool dynamicBatch, int batch) => (HasDynamicBatch, Batch) = (dynamicBatch, batch);

    /// <summary>The number that integers and truth values of inputs were fed with, at which the model runs.</summary>
    public int Whole { get; private set; } = 1;

    /// <summary>The example that inputs of integers and truth values were fed with instead, by name, row-major; empty where there was none.</summary>
    public IReadOnlyDictionary<string, float[]> Fed { get; private set; } = new Dictionary<string, float[]>();

    /// <summary>True when the batch is symbolic and the model runs at more than one.</summary>
    public bool HasDynamicBatch { get; }

    /// <summary>Batch size the shapes were traced at: 2 when symbolic, else the model's own (1 for vectors).</summary>
    public int Batch { get; }

    /// <summary>Shape of every tensor of the main graph, initializers included, at <see cref="Batch"/>.</summary>
    public IReadOnlyDictionary<string, long[]> Shapes => _shapes;

    /// <summary>Shape of a tensor at <see cref="Batch"/>.</summary>
    /// <exception cref="OnnxSurgeryException">The tensor was not traced (not a tensor, or absent).</exception>
    public long[] Shape(string tensor) => _shapes.TryGetValue(tensor, out var s)
        ? s : throw new OnnxSurgeryException($"Tensor '{tensor}' has no traced shape.");

    /// <summary>Element type of a traced tensor; float32 when unknown.</summary>
    public TensorElementType ElementType(string tensor) => _types.GetValueOrDefault(tensor, TensorElementType.Float);

    /// <summary>Axis that grows with the batch, or -1. Known only when the batch is symbolic.</summary>
    public int BatchAxis(string tensor) => _batchAxis.GetValueOrDefault(tensor, -1);

    /// <summary>
    /// What counts per example go by. Examples lie along the batch; where the first dimension of no input is open, along the open
    /// one that the outputs have first ([steps, N, width] to [N, classes]).
    /// </summary>
    public TracedSizes Sizes => new(_shapes, _examples.Items, _examples.Axis is { } axes ? tensor => axes.GetValueOrDefault(tensor, -1) : null);

    /// <summary>Values of a small integer tensor at the two traced batch sizes (twice the same when fixed).</summary>
    internal (long[] First, long[] Second)? Integers(string tensor) =>
        _integers.TryGetValue(tensor, out var v) ? v : null;

    /// <summary>What the nodes made in the run that <see cref="Shapes"/> are of; null where nothing was run.</summary>
    internal TraceRuns.Values? First { get; private set; }

    /// <summary>The runs at another batch, and at other sizes of the open extents, where there are such.</summary>
    internal IEnumerable<TraceRuns.Values> Others => new[] { _second, _other }.OfType<TraceRuns.Values>();

    /// <summary>True when the model was run at other sizes of its open extents as well, see <see cref="OtherIntegers"/>.</summary>
    internal bool HasOtherSizes => _other is not null;

    /// <summary>Values of a small integer tensor at other sizes of the open extents; those of the first run where there are none.</summary>
    internal long[]? OtherIntegers(string tensor) => _other is null || !_other.TryGetValue(tensor, out var found) ? Integers(tensor)?.First : found.Integers;

    /// <summary>True where an integer is the size of an axis in every run.</summary>
    internal bool IsAlwaysSize(string tensor, int axis, long first, long second, long other)
    {
        long[] Of(TraceRuns.Values? run) => run is not null && run.TryGetValue(tensor, out var found) ? found.Shape : Shape(tensor);
        bool Is(long[] shape, long size) => axis >= 0 && axis < shape.Length && shape[axis] == size;
        return Is(Shape(tensor), first) && Is(Of(_second), second) && Is(Of(_other), other);
    }

    /// <summary>
    /// True where another axis of the tensor has the same size in every run, though it may have another: height and width of a
    /// model that was run at equal ones alone.
    /// </summary>
    internal bool MayBeAnother(string tensor, int axis, long first, long second, long other) =>
        _mayCoincide && Enumerable.Range(0, Shape(tensor).Length).Any(a => a != axis && IsAlwaysSize(tensor, a, first, second, other));

    /// <summary>The same for a graph with more tensors, each as large as one that is known, and other constants; nothing is run.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="like">Known tensors by the new ones.</param>
    internal ShapeTrace With(ModelProto model, IEnumerable<KeyValuePair<string, string>> like)
    {
        var trace = new ShapeTrace(HasDynamicBatch, Batch)
        {
            First = First,
            _second = _second,
            _other = _other,
            _mayCoincide = _mayCoincide,
            Whole = Whole,
            Fed = Fed,
            _examples = (_examples.Items, _examples.Axis is null ? null : new(_examples.Axis)),
        };
        foreach (var (name, shape) in _shapes) trace._shapes[name] = shape;
        foreach (var (name, axis) in _batchAxis) trace._batchAxis[name] = axis;
        foreach (var (name, type) in _types) trace._types[name] = type;
        foreach (var (name, integers) in _integers) trace._integers[name] = integers;
        foreach (var (name, known) in like)
        {
            trace._shapes[name] = Shape(known);
            trace._types[name] = ElementType(known);
            if (BatchAxis(known) is var axis and >= 0) trace._batchAxis[name] = axis;
            if (_examples.Axis?.TryGetValue(known, out var own) == true) trace._examples.Axis![name] = own;
        }
        trace.AddConstants(model);
        return trace;
    }

    /// <summary>Traces a model.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="inputShapes">Shapes for inputs with symbolic dimensions other than the batch; -1 = batch.</param>
    /// <param name="examples">Values of one example for inputs of integers and truth values, by name, row-major; made-up ones where the model does not run with these.</param>
    /// <exception cref="OnnxSurgeryException">A dimension is symbolic and not given, or ORT cannot run the model.</exception>
    public static ShapeTrace Run(ModelProto model, IReadOnlyDictionary<string, long[]>? inputShapes = null, IReadOnlyDictionary<string, float[]>? examples = null)
    {
        var index = new GraphIndex(model.Graph);
        var inputs = new InputShapes(index.Inputs, inputShapes, examples);
        var exposed = TraceRuns.Exposing(model);
        var most = inputs.HasOpenBatch ? 3 : inputs.FixedBatch;
        foreach (var input in inputs.Inputs) TraceRoom.Require(input.Name, inputs.At(input, most));
        foreach (var input in inputs.Inputs) InputShapes.RequireProbe(input);
        using var session = OrtRuntime.CreateSession(exposed, optimise: false);
        TraceRoom.Require(session, most);
        if (inputs.HasOpenBatch) TraceRuns.RequireRoom(exposed, inputs, most);
        using var run = new BoundedRun(model);
        var runs = new TraceRuns(session, run);
        var trace = MeasureWhole(runs, inputs);
        if (runs.AtOtherSizes(inputs, trace.Batch, trace.Whole) is var (found, fed)) (trace._other, trace._mayCoincide) = (found, !inputs.TellsApart(fed));
        trace._examples = trace.HasDynamicBatch ? (trace.Batch, trace._batchAxis)
            : trace.Examples(model.Graph, inputs, fewer => runs.Once(fewer, trace.Batch, trace.Whole));
        trace.AddConstants(model);
        return trace;
    }

    /// <summary>
    /// The same for a model whose inputs are all of fixed size, from ONNX Runtime's own shape inference where that
    /// knows everything: nothing is run, and no memory is needed for activations. Else the model is run.
    /// </summary>
    /// <param name="model">The model; not changed.</param>
    /// <exception cref="OnnxSurgeryException">ORT cannot load or run the model.</exception>
    internal static ShapeTrace OfFixed(ModelProto model)
    {
        var inputs = new InputShapes(new GraphIndex(model.Graph).Inputs);
        if (inputs.HasOpenBatch) return Run(model);
        var exposed = TraceRuns.Exposing(model);
        var trace = new ShapeTrace(false, inputs.FixedBatch);
        using (var session = OrtRuntime.CreateSession(exposed, optimise: false))
            foreach (var (name, type) in session.OutputMetadata)
            {
                // Small integers may be shapes or indices, whose values have to be known.
                if (!type.IsTensor || type.Dimensions.Any(d => d < 0)) return Run(model);
                if (type.ElementDataType == TensorElementType.Int64 && type.Dimensions.Aggregate(1L, (a, b) => a * b) <= TraceRuns.LargestShapeVector) return Run(model);
                trace._shapes[name] = [.. type.Dimensions.Select(d => (long)d)];
                trace._types[name] = type.ElementDataType;
            }
        foreach (var input in inputs.Inputs)
        {
            trace._shapes[input.Name] = inputs.At(input, trace.Batch);
            trace._types[input.Name] = (TensorElementType)input.Type.TensorType.ElemType;
        }
        trace._examples = (trace.FixedItems(model.Graph, inputs), null);
        trace.AddConstants(model);
        return trace;
    }

    (long Items, Dictionary<string, int>? Axis) Examples(GraphProto graph, InputShapes inputs, Func<InputShapes, TraceRuns.Values> run)
    {
        if (inputs.HasOpenBatch) return (Batch, null);
        if (inputs.WithFewerExamples(graph.Output) is not var (fewer, items)) return (FixedItems(graph, inputs), null);
        try
        {
            var second = run(fewer);
            Dictionary<string, int> axes = [];
            foreach (var input in inputs.Inputs) Note(input.Name, fewer.At(input, Batch));
            foreach (var (name, found) in second) Note(name, found.Shape);
            return (items, axes);

            void Note(string tensor, long[] other)
            {
                if (GrowingAxis(Shape(tensor), other) is var axis and >= 0) axes[tensor] = axis;
            }
        }
        catch (OnnxSurgeryException)
        {
            // It runs at this number alone.
            return (items, null);
        }
    }

    // All sizes are numbers: the outputs' first is that of the examples where an input has it, too.
    long FixedItems(GraphProto graph, InputShapes inputs)
    {
        var made = graph.Output.Select(o => _shapes.GetValueOrDefault(o.Name)).FirstOrDefault(s => s is { Length: > 1 })?[0];
        return made is { } items and > 0 && inputs.Inputs.FirstOrDefault() is { } input && Shape(input.Name) is { Length: > 1 } shape && shape.Contains(items)
            ? items : inputs.FixedBatch;
    }

    static int GrowingAxis(long[] shape, long[] other)
    {
        if (other.Length != shape.Length) return -1;
        for (var a = 0; a < shape.Length; a++)
            if (shape[a] != other[a]) return a;
        return -1;
    }

    void AddConstants(ModelProto model)
    {
        foreach (var t in model.Graph.Initializer)
        {
            _shapes[t.Name] = [.. t.Dims];
            _types[t.Name] = (TensorElementType)t.DataType;
            if (t.DataType is (int)TensorProto.Types.DataType.Int64 && TensorData.ElementCount(t) <= TraceRuns.LargestShapeVector)
                _integers[t.Name] = (TensorData.Integers(t), TensorData.Integers(t));
        }
    }

    static ShapeTrace MeasureWhole(TraceRuns runs, InputShapes inputs)
    {
        OnnxSurgeryException? first = null;
        var wholes = InputShapes.Wholes(inputs.Inputs);
        IEnumerable<(InputShapes, int)> tries = wholes.Select(whole => (inputs.WithoutExamples, whole));
        foreach (var (tried, whole) in inputs.Examples.Count > 0 ? tries.Prepend((inputs, wholes[0])) : tries)
            try
            {
                var trace = Measure(runs, tried, whole);
                (trace.Whole, trace.Fed) = (whole, tried.Examples);
                return trace;
            }
            catch (OnnxSurgeryException e) when (!runs.IsRefused)
            {
                first ??= e;
            }
        throw wholes.Count == 1 ? first! : new OnnxSurgeryException(
            $"{first!.Message.TrimEnd('.')}; inputs of integers and truth values were tried with {(inputs.Examples.Count > 0 ? "those of the data, " : "")}all {string.Join(" and all ", wholes.Select(w => w == 1 ? "ones" : "zeros"))}.", first);
    }

    static ShapeTrace Measure(TraceRuns runs, InputShapes inputs, int whole)
    {
        if (inputs.HasOpenBatch)
            try
            {
                return Of(inputs, 2, runs.Once(inputs, 2, whole), runs.Once(inputs, 3, whole));
            }
            catch (OnnxSurgeryException)
            {
                // A first dimension may be open and yet be no batch; then the model may run at 1 all the same.
                try
                {
                    return Of(inputs, 1, runs.Once(inputs, 1, whole), null);
                }
                catch (OnnxSurgeryException)
                {
                }
                throw;
            }
        return Of(inputs, inputs.FixedBatch, runs.Once(inputs, inputs.FixedBatch, whole), null);
    }

    static ShapeTrace Of(InputShapes inputs, int batch, TraceRuns.Values first, TraceRuns.Values? second)
    {
        var trace = new ShapeTrace(second is not null, batch) { First = first, _second = second };
        foreach (var input in inputs.Inputs)
        {
            trace._shapes[input.Name] = inputs.At(input, batch);
            trace._types[input.Name] = (TensorElementType)input.Type.TensorType.ElemType;
            if (second is not null && inputs.BatchAxis(input) is var axis and >= 0) trace._batchAxis[input.Name] = axis;
        }
        foreach (var (name, made) in first)
        {
            trace._shapes[name] = made.Shape;
            trace._types[name] = made.Type;
            if (!(second ?? first).TryGetValue(name, out var other)) continue;
            if (made.Integers is { } integers && other.Integers is { } others) trace._integers[name] = (integers, others);
            if (GrowingAxis(made.Shape, other.Shape) is var axis and >= 0) trace._batchAxis[name] = axis;
        }
        return trace;
    }
}
