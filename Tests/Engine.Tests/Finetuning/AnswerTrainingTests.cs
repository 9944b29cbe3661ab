using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Finetuning;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.Engine.Tests;

/// <summary>Models that are no classifiers learn a teacher's answers.</summary>
public sealed class AnswerTrainingTests
{
    static readonly OnnxModel _encoder = new(TokenEncoder.Build(17));

    static readonly FinetuneOptions _options = new() { Steps = 12, Batch = 16, Looks = 3, Optimiser = FinetuneOptimiser.Sgd, StepSize = 0.02, WarmUp = 0, Averaging = 0, Seed = 3 };

    static OnnxModel Damaged(OnnxModel model, double size = 0.2)
    {
        var damaged = model.Proto.Clone();
        var random = new Random(1);
        foreach (var t in damaged.Graph.Initializer.Where(t => t.Dims.Count == 2))
            TensorData.SetFloats(t, [.. TensorData.Floats(t).Select(v => v + (float)(size * (random.NextDouble() - 0.5)))]);
        return new OnnxModel(damaged);
    }

    static FinetuneResult Train(OnnxModel student, ItemSet train, ItemSet validation, FinetuneOptions options) =>
        Finetuner.Finetune(student, new ModelData("made up") { Train = train, Validation = validation, Test = validation }, options, null, TestContext.Current.CancellationToken);

    static ItemSet Texts(int count, int seed, int length) => TokenEncoder.Items(_encoder.Proto, TokenEncoder.Texts(count, seed), length);

    [Fact]
    public void An_embedding_comes_back_to_its_teacher_and_its_looks_say_so()
    {
        var (model, report) = Train(Damaged(_encoder), Texts(160, 3, 12), Texts(40, 4, 12), _options with { Teacher = _encoder, Steps = 60 });
        Assert.True(report.Curve[^1].Validation < 0.5 * report.Curve[0].Validation, $"{report.Curve[0].Validation} to {report.Curve[^1].Validation}");
        Assert.All(report.Curve, point => Assert.Equal(("cosine", null), (point.Metric!.Name, point.Top1)));
        Assert.True(report.IsCurveAgreement && report.Curve[^1].Metric!.Value > report.Curve[0].Metric!.Value);
        Assert.True(report.MeasuredAfter!.Main.Value > report.MeasuredBefore!.Main.Value, $"{report.MeasuredBefore.Main} to {report.MeasuredAfter.Main}");
        var entry = ModelHistory.Read(model.Proto)[^1];
        Assert.Equal("embedding", entry.Options["task"]);
        Assert.Equal(report.MeasuredAfter.Main.Value, entry.Results["cosineAfter"]);
    }

    // The second set has the same texts, each filled up by eight more positions.
    [Fact]
    public void Padding_changes_no_loss_and_no_weight()
    {
        var (near, far) = (Run(12), Run(20));
        for (var i = 0; i < near.Report.Curve.Count; i++)
        {
            Assert.Equal(near.Report.Curve[i].Validation, far.Report.Curve[i].Validation, 1e-6 * near.Report.Curve[0].Validation);
            if (i > 0) Assert.Equal(near.Report.Curve[i].Training, far.Report.Curve[i].Training, 1e-5 * near.Report.Curve[0].Validation);
        }
        foreach (var weight in near.Model.Proto.Graph.Initializer.Where(TensorData.IsFloat))
        {
            var (a, b) = (TensorData.Floats(weight), TensorData.Floats(far.Model.Proto.Graph.Initializer.First(t => t.Name == weight.Name)));
            Assert.All(a.Zip(b), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
        }
        Assert.True(near.Report.Curve[^1].Validation < 0.9 * near.Report.Curve[0].Validation);

        FinetuneResult Run(int length) => Train(Damaged(_encoder), Texts(48, 3, length), Texts(16, 4, length), _options with { Teacher = _encoder });
    }

    // One step on the items that are looked at before it.
    [Fact]
    public void Steps_and_looks_mean_the_same_by_loss()
    {
        var items = Texts(16, 5, 14);
        var curve = Train(Damaged(_encoder), items, items, _options with { Teacher = _encoder, Steps = 1, Looks = 1 }).Report.Curve;
        Assert.Equal(curve[0].Validation, curve[1].Training, 1e-5 * curve[0].Validation);
        // Boxes in pixels are large beside scores; both count.
        var pictures = Pictures(16);
        var detector = Detector(0);
        curve = Train(Detector(0.3f), pictures, pictures, _options with { Teacher = detector, Steps = 1, Looks = 1, Flip = false, Shift = 0 }).Report.Curve;
        Assert.Equal(curve[0].Validation, curve[1].Training, 1e-4 * curve[0].Validation);
        Assert.True(curve[0].Validation > 0.01, $"{curve[0].Validation}");
    }

    [Fact]
    public void Numbers_are_learned_without_a_teacher()
    {
        var b = new GraphBuilder(3);
        var model = new OnnxModel(b.Build(b.Gemm(b.Relu(b.Gemm(b.Input("x", 5), 12, name: "first")), 2, name: "last")));
        var items = new NumberItems(400);
        ItemSet Part(int from, int to) => items.Select([.. Enumerable.Range(from, to - from)]);
        var report = Train(model, Part(0, 320), Part(320, 400), _options with { Optimiser = FinetuneOptimiser.Adam, StepSize = 0.02, Steps = 200, Evaluation = new EvaluationOptions { Task = "regression" } }).Report;
        Assert.Equal(("regression", "r2"), (report.MeasuredAfter!.Task, report.Curve[0].Metric!.Name));
        Assert.True(!report.IsCurveAgreement && report.MeasuredAfter.Main.Value > 0.8, $"{report.MeasuredBefore!.Main} to {report.MeasuredAfter.Main}");
        Assert.Contains("200 steps of 16 items on numbers", report.Basis, StringComparison.Ordinal);
        // The loss is the share of the variance that is left, over the training items' means.
        Assert.Equal(1 - report.Curve[^1].Metric!.Value, report.Curve[^1].Validation, 0.05);
    }

    [Fact]
    public void What_cannot_be_learned_is_said()
    {
        var texts = Texts(32, 3, 12);
        void Refuses(string sentence, FinetuneOptions options, OnnxModel? student = null, ItemSet? items = null) =>
            Assert.Contains(sentence, Assert.Throws<OnnxEngineException>(() => Train(student ?? _encoder, items ?? texts, items ?? texts, options)).Message, StringComparison.Ordinal);
        Refuses("A model that is measured as embedding is trained on a teacher's answers; give one with FinetuneOptions.Teacher.", _options);
        Refuses("'input_ids' is int64; leave FinetuneOptions.Mix away", _options with { Teacher = _encoder, Mix = 0.5 });
        Refuses("Classes are forgotten by classifiers, and this model is measured as embedding", _options with { Teacher = _encoder, Forget = [1] });
        Refuses("The teacher has 1 inputs and the model 2", _options with { Teacher = Detector(0) });
        Refuses("The model cannot be trained as detection: it lists objects that it chose itself, in an order of its own", _options with { Teacher = _encoder, Evaluation = new EvaluationOptions { Task = "detection" } }, new OnnxModel(Tasks.HeadModels.One(-1, 6)));
        var chosen = _encoder.Proto.Clone();
        chosen.Graph.Output.Clear();
        chosen.Graph.Output.Add(new ValueInfoProto { Name = "chosen", Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Int64 } } });
        chosen.Graph.Node.Add(NodeAttributes.Node("ArgMax", ["last_hidden_state"], ["chosen"]));
        Refuses("'chosen' holds whole numbers, and only floats tell how near a model has come; name the tensor before with EvaluationOptions.Output", _options with { Teacher = new OnnxModel(chosen) }, new OnnxModel(chosen));
        var narrow = _encoder.Proto.Clone();
        narrow.Graph.Output[0].Name = "half";
        narrow.Graph.Output[0].Type.TensorType.Shape.Dim[2].DimValue = TokenEncoder.Width / 2;
        narrow.Graph.Node.Add(NodeAttributes.Node("Slice", ["last_hidden_state", "zero", "eight", "two"], ["half"]));
        foreach (var (name, value) in (IEnumerable<(string, long)>)[("zero", 0), ("eight", TokenEncoder.Width / 2), ("two", 2)])
            narrow.Graph.Initializer.Add(TensorData.FromIntegers(name, [1], [value]));
        Refuses("as 'last_hidden_state', for 2 items; give a teacher whose answers have the same shape", _options with { Teacher = new OnnxModel(narrow) });
    }

    static ItemSet Pictures(int count) => new PictureItems(count);

    // YOLOv8's form on a picture of 64 x 64: boxes that are the cells themselves, and scores of two classes.
    static OnnxModel Detector(float offset)
    {
        var b = new GraphBuilder(5);
        var x = b.Conv(b.Input("images", 3, 64, 64), 2, kernel: 1, name: "scores");
        List<string> levels = [];
        List<float> centres = [], sizes = [];
        foreach (var stride in (int[])[8, 16, 32])
        {
            var cells = 64 / stride;
            levels.Add(b.Reshape(b.AveragePool(x, stride, stride), -1, 2, cells * cells));
            for (var cell = 0; cell < cells * cells; cell++) (centres, sizes) = ([.. centres, (cell % cells + 0.5f) * stride], [.. sizes, stride]);
        }
        var means = b.Concat(2, [.. levels]);
        var scores = b.Unary("Sigmoid", b.Add(means, b.Floats("offset", [1, 2, 1], offset, -offset)));
        var boxes = b.Add(b.Mul(b.Concat(1, means, means), b.Floats("none", [1], 0)), b.Floats("cells", [1, 4, 84], [.. centres, .. centres, .. sizes, .. sizes]));
        return new OnnxModel(b.Build(b.Op("Concat", [boxes, scores], [1, 6, 84], "output0", node => node.Set("axis", 1L))));
    }

    sealed class PictureItems(int count) : ItemSet
    {
        public override int Count => count;

        public override IReadOnlyList<int> ItemShape => [3, 64, 64];

        public override int Label(int index) => -1;

        public override void Fill(int start, int count, Span<float> destination)
        {
            for (var item = 0; item < count; item++)
            {
                var random = new Random(start + item);
                foreach (ref var value in destination.Slice(item * ItemLength, ItemLength)) value = random.NextSingle();
            }
        }
    }

    // Five numbers, and two that follow from them.
    sealed class NumberItems(int count) : ItemSet
    {
        public override int Count => count;

        public override IReadOnlyList<int> ItemShape => [5];

        public override int Label(int index) => -1;

        internal override Data.Targets.ItemTarget Target(int index)
        {
            var values = new float[5];
            Fill(index, 1, values);
            return new Data.Targets.ValuesTarget([1 + 2 * values[0] - values[1], Math.Abs(values[2])]);
        }

        public override void Fill(int start, int count, Span<float> destination)
        {
            for (var item = 0; item < count; item++)
            {
                var random = new Random(start + item);
                for (var i = 0; i < 5; i++) destination[item * 5 + i] = 2 * random.NextSingle() - 1;
            }
        }
    }
}
