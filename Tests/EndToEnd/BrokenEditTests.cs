using Google.Protobuf;
using OnnxEdit.Cli;
using OnnxEdit.Engine.Edits;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>Edits that are broken on purpose, in each way that an edit can go wrong, end with exit code 6 and no file, for every verb.</summary>
public sealed class BrokenEditTests(SlimSample sample)
{
    const string Filled = "filled";

    // Every verb, quick and on few images; MODEL stands for the sample, or for what the break needs in its place.
    static readonly Dictionary<string, string> _verbs = new()
    {
        ["slim"] = "slim MODEL --sparsity 0.3 --calibration 100 --align 1",
        ["slim, no recovery"] = "slim MODEL --sparsity 0.3 --calibration 100 --align 1 --recovery none",
        ["unlearn"] = "unlearn MODEL --class 5 --calibration 400",
        ["unlearn, hidden"] = "unlearn MODEL --class 5 --method suppress-logit",
        ["edit"] = "edit MODEL --image test:7 --label 3",
        ["edit, last layer"] = "edit MODEL --image test:7 --label 3 --editor last",
        ["edit, gradients"] = "edit MODEL --image test:7 --label 3 --editor rmsprop --layers last",
        ["edit, extra layer"] = "edit MODEL --image test:7 --label 3 --editor rmsprop --layers extra",
        ["coar edit"] = "coar edit MODEL --target class:3:10 --lower --reference random:10 --most 1 --budget 60 --validation 100 --drop 50",
        ["coar edit, slim"] = "coar edit MODEL --target class:2:20 --lower --most 4 --budget 60 --validation 200 --drop 20 --slim",
        ["finetune"] = "finetune MODEL --steps 2 --batch 16",
        ["finetune, editable"] = "finetune MODEL --editable --steps 1 --batch 16",
    };

    public static TheoryData<string> Verbs => [.. _verbs.Keys];

    [Theory]
    [MemberData(nameof(Verbs))]
    public Task A_fit_that_writes_NaN(string verb) => Refused(verb, sample.Model, (stage, graph) =>
    {
        if (stage != EditStage.Finished) return;
        var weights = graph.Graph.Initializer.Last(t => TensorData.IsFloat(t) && graph.Graph.Node.Any(n => n.OpType == "Gemm" && n.Input.Contains(t.Name)));
        var values = TensorData.Floats(weights);
        values[0] = float.NaN;
        TensorData.SetFloats(weights, values);
    });

    [Theory]
    [MemberData(nameof(Verbs))]
    public Task An_output_that_changes_its_shape(string verb) => Refused(verb, sample.Model, (stage, graph) =>
    {
        if (stage != EditStage.Finished) return;
        var node = NodeAttributes.Node("Concat", [Behind(graph), "behind"], [graph.Graph.Output[0].Name], "doubled");
        node.Set("axis", 1L);
        graph.Graph.Node.Add(node);
    });

    [Theory]
    [MemberData(nameof(Verbs))]
    public Task A_fill_that_is_not_restored(string verb) => Refused(verb, WithFill(), (stage, graph) =>
    {
        if (stage != EditStage.Finished) return;
        // What a fill is restored from is there already, and says something else.
        graph.Graph.Initializer.Add(TensorData.FromIntegers($"{Filled}_shape", [1], [3]));
    });

    [Theory]
    [MemberData(nameof(Verbs))]
    public Task A_constant_that_is_folded_wrongly(string verb) => Refused(verb, sample.Model, (stage, graph) =>
    {
        if (stage != EditStage.Folded) return;
        var bias = graph.Graph.Initializer.First(t => t.Name == "fc.bias");
        TensorData.SetFloats(bias, [.. TensorData.Floats(bias).Select(v => v + 0.01f)]);
    });

    // Those that follow channels have traced every tensor before this break adds some, and refuse them by name.
    public static TheoryData<string> VerbsThatTraceNoChannels => [.. _verbs.Keys.Where(v => v is not ("slim" or "slim, no recovery" or "unlearn"))];

    [Theory]
    [MemberData(nameof(VerbsThatTraceNoChannels))]
    public Task A_fold_that_is_wrong_at_another_batch(string verb) => Refused(verb, sample.Model, (stage, graph) =>
    {
        if (stage != EditStage.Folded) return;
        // Adds 0 to one picture or two and a little to more of them: hardly a prediction changes.
        var picture = graph.Graph.Input[0].Name;
        Shift(graph, picture);
        graph.Graph.Initializer.AddRange(
        [
            TensorData.FromIntegers("first", [], [0]), TensorData.FromFloats("traced", [], [2f]), TensorData.FromFloats("little", [], [0.001f]),
        ]);
        var number = NodeAttributes.Node("Cast", ["size"], ["number"], "number");
        number.Set("to", (long)TensorProto.Types.DataType.Float);
        NodeProto[] nodes =
        [
            NodeAttributes.Node("Shape", [picture], ["sizes"], "sizes"), NodeAttributes.Node("Gather", ["sizes", "first"], ["size"], "size"), number,
            NodeAttributes.Node("Max", ["number", "traced"], ["more"], "more"), NodeAttributes.Node("Sub", ["more", "traced"], ["excess"], "excess"),
            NodeAttributes.Node("Mul", ["excess", "little"], ["error"], "error"), NodeAttributes.Node("Add", [picture, "error"], ["shifted"], "wrong"),
        ];
        for (var i = 0; i < nodes.Length; i++) graph.Graph.Node.Insert(i, nodes[i]);
    });

    [Theory]
    [InlineData("slim")]
    [InlineData("slim, no recovery")]
    [InlineData("coar edit, slim")]
    public Task A_consumer_slice_that_is_off_by_one(string verb)
    {
        var dims = OnnxModel.Load(sample.Model).Proto.Graph.Initializer.ToDictionary(t => t.Name, t => t.Dims.ToArray());
        return Refused(verb, sample.Model, (stage, graph) =>
        {
            if (stage != EditStage.Exact) return;
            // The first convolution that reads fewer channels than before reads each one place further on.
            var weights = graph.Graph.Initializer.FirstOrDefault(t => t.Dims.Count == 4 && dims.TryGetValue(t.Name, out var before) && t.Dims[1] < before[1]);
            // Components are ablated before their channels go.
            if (weights is null) return;
            var values = TensorData.Floats(weights);
            var (row, tap) = ((int)(weights.Dims[1] * weights.Dims[2] * weights.Dims[3]), (int)(weights.Dims[2] * weights.Dims[3]));
            float[] moved = [.. values.Chunk(row).SelectMany(r => (float[])[.. r[tap..], .. r[..tap]])];
            TensorData.SetFloats(weights, moved);
        });
    }

    [Theory]
    [InlineData("Finished")]
    [InlineData("Exact")]
    public async Task A_batch_that_is_opened_wrongly(string when)
    {
        var at = Enum.Parse<EditStage>(when);
        var repository = sample.New("");
        var code = await Broken($"deploy {WithBatchOfOne()} --to {repository} --name m --dynamic-batch", (stage, graph) =>
        {
            if (stage != at) return;
            // The mean over the batch: the same for one item, and no row per item any more.
            var mean = NodeAttributes.Node("ReduceMean", [Behind(graph)], [graph.Graph.Output[0].Name], "mean");
            mean.Set("axes", (long[])[0]);
            mean.Set("keepdims", 1L);
            if (at == EditStage.Exact) mean = NodeAttributes.Node("Neg", [mean.Input[0]], [mean.Output[0]], "negated");
            graph.Graph.Node.Add(mean);
        });
        Assert.Equal((int)ErrorKind.VerificationFailed, code);
        Assert.False(File.Exists(Path.Combine(repository, "m", "deployment.json")));
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task What_is_not_broken_does_not_fail_verification(string verb)
    {
        // What tests break lies open to be looked at; looking breaks nothing. Too few steps may make nothing better (5).
        var stages = new HashSet<EditStage>();
        var code = await Broken(Command(verb, WithFill(), sample.New()), (stage, _) => stages.Add(stage));
        Assert.Equal(verb.StartsWith("finetune", StringComparison.Ordinal) && code == (int)ErrorKind.TargetNotReached ? (int)ErrorKind.TargetNotReached : ExitCode.Done, code);
        Assert.Superset(new HashSet<EditStage> { EditStage.Folded, EditStage.Finished }, stages);
    }

    async Task Refused(string verb, string model, Action<EditStage, ModelProto> tampering)
    {
        var output = sample.New();
        Assert.Equal((int)ErrorKind.VerificationFailed, await Broken(Command(verb, model, output), tampering));
        Assert.False(File.Exists(output));
        Assert.Empty(Directory.EnumerateFiles(Path.GetDirectoryName(output)!, $"{Path.GetFileName(output)}*"));
    }

    string Command(string verb, string model, string output) =>
        $"{_verbs[verb].Replace("MODEL", model, StringComparison.Ordinal)} --data {Few()} --mean .5 --std .25 -o {output} -q";

    static async Task<int> Broken(string command, Action<EditStage, ModelProto> tampering)
    {
        EditDraft.Tampering.Value = tampering;
        return await CommandLineApp.RunAsync([.. command.Split(" "), "--threads", "1"]);
    }

    // Gives what makes the output another name, and says it.
    static string Behind(ModelProto graph)
    {
        var output = graph.Graph.Output[0].Name;
        var maker = graph.Graph.Node.First(n => n.Output.Contains(output));
        maker.Output[maker.Output.IndexOf(output)] = "behind";
        return "behind";
    }

    // What reads the pictures reads shifted ones, which are still to be made.
    static void Shift(ModelProto model, string picture)
    {
        foreach (var node in model.Graph.Node)
            for (var i = 0; i < node.Input.Count; i++)
                if (node.Input[i] == picture) node.Input[i] = "shifted";
    }

    // The first items of the sample's data, of 3,073 bytes each.
    string Few()
    {
        var folder = Directory.CreateDirectory(sample.New("")).FullName;
        foreach (var (file, items) in new Dictionary<string, int> { ["data_batch_1.bin"] = 1000, ["test_batch.bin"] = 200 })
            File.WriteAllBytes(Path.Combine(folder, file), File.ReadAllBytes(Path.Combine(sample.Data, file))[..(items * 3073)]);
        return folder;
    }

    // The sample, with a product by zeros, which ConstantOfShape makes and which are too many to be folded, added to its pictures.
    string WithFill() => Written(model =>
    {
        var picture = model.Graph.Input[0].Name;
        Shift(model, picture);
        model.Graph.Initializer.AddRange(
        [
            TensorData.FromIntegers("fill_size", [2], [3 * 32 * 32, 16]), TensorData.FromFloats("ones", [16, 1], [.. Enumerable.Repeat(1f, 16)]),
            TensorData.FromIntegers("per_picture", [4], [-1, 1, 1, 1]),
        ]);
        NodeProto[] nodes =
        [
            NodeAttributes.Node("ConstantOfShape", ["fill_size"], [Filled], "fill"), NodeAttributes.Node("Flatten", [picture], ["flat"], "flat"),
            NodeAttributes.Node("MatMul", ["flat", Filled], ["products"], "products"), NodeAttributes.Node("MatMul", ["products", "ones"], ["sum"], "sum"),
            NodeAttributes.Node("Reshape", ["sum", "per_picture"], ["shift"], "shift"), NodeAttributes.Node("Add", [picture, "shift"], ["shifted"], "shifted"),
        ];
        for (var i = 0; i < nodes.Length; i++) model.Graph.Node.Insert(i, nodes[i]);
    });

    string WithBatchOfOne() => Written(model =>
    {
        foreach (var value in model.Graph.Input.Concat(model.Graph.Output)) value.Type.TensorType.Shape.Dim[0] = new() { DimValue = 1 };
    });

    string Written(Action<ModelProto> change)
    {
        var model = OnnxModel.Load(sample.Model).Proto;
        change(model);
        var path = sample.New();
        File.WriteAllBytes(path, model.ToByteArray());
        return path;
    }
}
