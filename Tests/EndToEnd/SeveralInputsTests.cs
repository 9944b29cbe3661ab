using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.EndToEnd;

/// <summary>Classifiers with several inputs go through all verbs: ids, a mask and kinds of tokens; a picture and a number; a fixed batch.</summary>
public sealed class SeveralInputsTests : IDisposable
{
    const int Tested = 300;

    readonly TokenFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static CliResult Run(TokenFolder folder, string verb, params string[] more) => CliRunner.Run([.. verb.Split(' '), folder.Model, "--data", folder.Data, .. more]);

    CliResult Run(string verb, params string[] more) => Run(_folder, verb, more);

    static double Top1(string model, string data) => CliRunner.Run(["eval", model, "--data", data, "--json"]).Expect(0).Json().GetProperty("top1").GetDouble();

    // What eval says of a file is what the loop by hand says of it.
    double RequireExact(string path)
    {
        var right = TokenFolder.Right(OnnxModel.Load(path).Proto, _folder.Sequences(Tested, 2)) / (double)Tested;
        Assert.Equal(right, Top1(path, _folder.Data));
        return right;
    }

    [Fact]
    public void Eval_finds_what_a_loop_by_hand_finds()
    {
        Assert.InRange(RequireExact(_folder.Model), 0.7, 0.95);
        // Test data of its own, with labels under another name; and labels that are translated.
        var others = _folder.Sequences(200, 5);
        TokenFolder.Write(_folder["other.npz"], others, "y");
        Assert.Equal(TokenFolder.Right(_folder.Proto, others) / 200.0, Run("eval", "--eval-data", _folder["other.npz"], "--json").Expect(0).Json().GetProperty("top1").GetDouble());
        var two = others.Where(s => s.Label < 2).ToArray();
        var swapped = Run("eval", "--eval-data", _folder["other.npz"], "--labels", "0=0,1=1", "--json").Expect(0).Json();
        Assert.Equal((two.Length, TokenFolder.Right(_folder.Proto, two) / (double)two.Length), (swapped.GetProperty("images").GetInt32(), swapped.GetProperty("top1").GetDouble()));
        Assert.Contains("3 inputs, whose data are arrays that are taken as they are", Run("eval", "--try-preprocess").ExpectError(2), StringComparison.Ordinal);
    }

    [Fact]
    public void Data_that_does_not_fit_is_refused_with_a_sentence()
    {
        TokenFolder.Write(_folder["bare.npz"], _folder.Sequences(20, 5), labels: null);
        Assert.Contains("no labels", CliRunner.Run(["eval", _folder.Model, "--data", _folder["bare.npz"]]).ExpectError(4), StringComparison.Ordinal);
        using (var stream = File.Create(_folder["part.npz"]))
        using (var npz = new NpzWriter(stream))
            npz.Add("input_ids", NpyArray.From<long>(new long[18], 2, 9));
        Assert.Contains("none for the model's input 'attention_mask'", CliRunner.Run(["eval", _folder.Model, "--data", _folder["part.npz"]]).ExpectError(4), StringComparison.Ordinal);
        TokenFolder.Write(_folder["more.npz"], [.. _folder.Sequences(20, 5).Select(s => s with { Label = s.Label + 3 })]);
        Assert.Contains("but the model has 4 outputs", CliRunner.Run(["eval", _folder.Model, "--data", _folder["more.npz"]]).ExpectError(4), StringComparison.Ordinal);
        Assert.Contains("train.npz and test.npz", CliRunner.Run(["eval", _folder.Model, "--data", _folder["nowhere"]]).ExpectError(4), StringComparison.Ordinal);
        File.Copy(_folder.TestFile, Path.Combine(_folder.Data, "third.npz"));
        Assert.Contains("train.npz and test.npz", Run("eval").ExpectError(4), StringComparison.Ordinal);
    }

    [Fact]
    public void Statistics_are_by_class_and_slim_and_unlearn_work_from_them()
    {
        var moments = _folder["tokens.moments"];
        var json = Run("stats", "-o", moments, "--json").Expect(0).Json();
        Assert.Equal((600, "data", 2, 2), (json.GetProperty("images").GetInt32(), json.GetProperty("labels").GetString(), json.GetProperty("points").GetInt32(), json.GetProperty("units").GetInt32()));
        Assert.Empty(json.GetProperty("skipped").EnumerateArray());
        Assert.Equal(_folder.Sequences(600, 1).CountBy(s => s.Label).OrderBy(c => c.Key).Select(c => c.Value), json.GetProperty("classCounts").EnumerateArray().Select(c => c.GetInt32()));
        CliRunner.Run(["slim", _folder.Model, "--moments", moments, "--sparsity", "0.3", "--align", "1", "-o", _folder["slim.onnx"], "-q"]).Expect(0);
        Assert.InRange(RequireExact(_folder["slim.onnx"]), RequireExact(_folder.Model) - 0.05, 1);
        // Without data the size is given, else found by trying, which is said.
        string[] unlearn = ["unlearn", _folder.Model, "--moments", moments, "--class", "1"];
        Assert.Contains("input_ids:N,64", CliRunner.Run([.. unlearn, "-o", _folder["tried.onnx"]]).Expect(0).StdErr, StringComparison.Ordinal);
        string[] sizes = [.. new[] { "input_ids", "attention_mask", "token_type_ids" }.SelectMany(name => new[] { "--input-shape", $"{name}:N,9" })];
        Assert.DoesNotContain("open", CliRunner.Run([.. unlearn, .. sizes, "-o", _folder["given.onnx"]]).Expect(0).StdErr, StringComparison.Ordinal);
        Assert.True(Top1(_folder["given.onnx"], _folder.Data) < RequireExact(_folder.Model) - 0.1);
    }

    [Fact]
    public void Slim_meets_a_drop()
    {
        Run("slim", "--max-drop", "3", "-o", _folder["slim.onnx"], "-q").Expect(0);
        var slim = OnnxModel.Load(_folder["slim.onnx"]).Proto;
        Assert.True(slim.Graph.Initializer.Sum(TensorData.ElementCount) < 0.7 * _folder.Proto.Graph.Initializer.Sum(TensorData.ElementCount));
        Assert.InRange(RequireExact(_folder["slim.onnx"]), RequireExact(_folder.Model) - 0.06, 1);
    }

    [Theory]
    [InlineData("combined", null)]
    [InlineData("gradients", null)]
    [InlineData("combined", 1)]
    public void Attributions_predict_what_ablations_do(string method, int? batch)
    {
        using var folder = new TokenFolder(batch: batch);
        var path = folder["tokens.attributions"];
        Run(folder, "coar", "--components", "neurons", "--examples", "12", "--budget", "300", "--method", method, "-o", path, "-q").Expect(0);
        var eval = CliRunner.Run(["coar", "eval", path, folder.Model, "--data", folder.Data, "--json"]).Expect(0).Json();
        foreach (var alpha in eval.GetProperty("alphas").EnumerateArray()) Assert.InRange(alpha.GetProperty("correlation").GetDouble(), 0.9, 1);
    }

    [Fact]
    public void Components_are_ablated_for_a_class()
    {
        Run("coar edit", "--components", "neurons", "--target", "class:1:20", "--lower", "--partial", "--drop", "6", "-o", _folder["edited.onnx"], "-q").Expect(0);
        Assert.True(Top1(_folder["edited.onnx"], _folder.Data) < RequireExact(_folder.Model));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    public void Finetuning_makes_the_loss_smaller(int? batch)
    {
        using var folder = new TokenFolder(batch: batch);
        var json = Run(folder, "finetune", "--steps", "60", "-o", folder["tuned.onnx"], "--json").Expect(0).Json();
        var losses = json.GetProperty("curve").EnumerateArray().Select(p => p.GetProperty("validation").GetDouble()).ToArray();
        Assert.True(losses.Min() < losses[0] - 1e-3, json.ToString());
        var tuned = OnnxModel.Load(folder["tuned.onnx"]).Proto;
        Assert.Equal(TokenFolder.Right(tuned, folder.Sequences(Tested, 2)) / (double)Tested, Top1(folder["tuned.onnx"], folder.Data));
        // The table of words is trained along.
        float[] Table(ModelProto model) => TensorData.Floats(model.Graph.Initializer.First(t => t.Name == "table"));
        Assert.NotEqual(Table(folder.Proto), Table(tuned));
        // A teacher is asked with all inputs; what was learned from labels is learned back.
        Run(folder, "finetune", "--teacher", folder["tuned.onnx"], "--steps", "60", "-o", folder["taught.onnx"], "-q").Expect(0);
        Assert.Contains("has 3 inputs; leave --mix away", Run(folder, "finetune", "--teacher", folder["tuned.onnx"], "--mix", "0.5", "--steps", "5").ExpectError(2), StringComparison.Ordinal);
    }

    [Fact]
    public void Editable_training_goes_through_all_inputs()
    {
        foreach (var layers in new[] { "last", "hidden" })
            Run("finetune", "--editable", "--layers", layers, "--steps", "5", "-o", _folder[$"{layers}.onnx"], "-q").Expect(0);
        RequireExact(_folder["hidden.onnx"]);
        // All layers: the tables of words are edited along, and nothing is cut off before them.
        Run("finetune", "--editable", "--layers", "all", "--steps", "20", "-o", _folder["all.onnx"], "-q").Expect(0);
        RequireExact(_folder["all.onnx"]);
    }

    [Theory]
    [InlineData("refit", null)]
    [InlineData("discedit-u", null)]
    [InlineData("suppress-logit", null)]
    [InlineData("refit", 1)]
    public void One_of_four_classes_is_forgotten(string method, int? batch)
    {
        using var folder = new TokenFolder(batch: batch);
        var json = Run(folder, "unlearn", "--class", "1", "--method", method, "-o", folder["forgetful.onnx"], "--json").Expect(0).Json();
        var classes = CliRunner.Run(["eval", folder["forgetful.onnx"], "--data", folder.Data, "--json"]).Expect(0).Json().GetProperty("perClass").EnumerateArray()
            .Select(c => c.GetProperty("correct").GetInt32() / (double)c.GetProperty("images").GetInt32()).ToArray();
        Assert.True(classes[1] <= 0.02, json.ToString());
        Assert.All(new[] { 0, 2, 3 }, c => Assert.True(classes[c] > 0.6, json.ToString()));
    }

    [Fact]
    public void Of_two_classes_none_is_forgotten()
    {
        using var folder = new TokenFolder(classes: 2);
        Assert.Contains("The model has two classes, and neither can be forgotten", Run(folder, "unlearn", "--class", "1").ExpectError(3), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("patch")]
    [InlineData("last")]
    [InlineData("rmsprop")]
    [InlineData("rmsprop", "--layers", "extra")]
    [InlineData("rmsprop", "--layers", "hidden")]
    public void One_sequence_gets_its_label(string editor, params string[] more)
    {
        var json = Run("edit", ["--image", "test:3", "--label", "2", "--editor", editor, "-o", _folder["edited.onnx"], "--json", .. more]).Expect(0).Json();
        Assert.Equal((1, 2), (json.GetProperty("images")[0].GetProperty("before").GetInt32(), json.GetProperty("images")[0].GetProperty("after").GetInt32()));
        Assert.Contains("name an item, such as test:17", Run("edit", "--image", "picture.png", "--label", "2").ExpectError(2), StringComparison.Ordinal);
    }

    [Fact]
    public void Reports_and_gates_measure_it()
    {
        Run("unlearn", "--class", "1", "--method", "suppress-logit", "-o", _folder["after.onnx"], "-q").Expect(0);
        var json = CliRunner.Run(["report", _folder["after.onnx"], "--before", _folder.Model, "--data", _folder.Data, "-o", _folder["page.html"], "--json"]).Expect(0).Json();
        Assert.Equal(Top1(_folder["after.onnx"], _folder.Data), json.GetProperty("accuracy").GetProperty("after").GetProperty("top1").GetDouble());
        string[] deploy = ["--to", _folder["repository"], "--name", "tokens", "--require-accuracy"];
        Assert.Contains("accuracy is ", Run("deploy", [.. deploy, "99"]).ExpectError(5), StringComparison.Ordinal);
        Run("deploy", [.. deploy, "70"]).Expect(0);
    }

    [Fact]
    public void A_picture_and_a_number_are_fed_each_in_its_own_type()
    {
        var model = _folder["picture.onnx"];
        File.WriteAllBytes(model, PictureAndPlace().ToByteArray());
        var random = new Random(6);
        float[] pixels = [.. Enumerable.Range(0, Tested * 3 * 8 * 8).Select(_ => (float)random.NextDouble())];
        int[] places = [.. Enumerable.Range(0, Tested).Select(_ => random.Next(5))];
        var classes = Classes(model, pixels, places);
        Assert.InRange(classes.Distinct().Count(), 2, 3);
        // Every tenth label is wrong.
        long[] labels = [.. classes.Select((c, i) => (long)(i % 10 == 0 ? (c + 1) % 3 : c))];
        using (var stream = File.Create(_folder["pictures.npz"]))
        using (var npz = new NpzWriter(stream))
        {
            npz.Add("labels", NpyArray.From<long>(labels));
            npz.Add("place", NpyArray.From<int>(places));
            npz.Add("picture", NpyArray.From<float>(pixels, Tested, 3, 8, 8));
        }
        Assert.Equal(0.9, CliRunner.Run(["eval", model, "--eval-data", _folder["pictures.npz"], "--json"]).Expect(0).Json().GetProperty("top1").GetDouble());
        string[] data = ["--data", _folder["pictures.npz"]];
        CliRunner.Run(["slim", model, .. data, "--sparsity", "0.2", "--align", "1", "-o", _folder["slim.onnx"], "-q"]).Expect(0);
        CliRunner.Run(["stats", model, .. data, "-o", _folder["p.moments"], "-q"]).Expect(0);
        CliRunner.Run(["coar", model, .. data, "--examples", "10", "--budget", "200", "-o", _folder["p.attributions"], "-q"]).Expect(0);
        CliRunner.Run(["edit", model, .. data, "--image", "test:3", "--label", $"{(classes[3] + 1) % 3}", "-o", _folder["e.onnx"], "-q"]);
        CliRunner.Run(["finetune", model, .. data, "--steps", "20", "-o", _folder["f.onnx"], "-q"]).Expect(0);
        Assert.Contains("only where they lie as channels, rows, columns", CliRunner.Run(["finetune", model, .. data, "--teacher", model, "--flip", "--steps", "5"]).ExpectError(2), StringComparison.Ordinal);
    }

    // A convolution over the picture and a table of places beside it.
    static ModelProto PictureAndPlace()
    {
        var b = new GraphBuilder(9);
        var maps = b.Relu(b.Conv(b.Input("picture", 3, 8, 8), 8, pads: 1, name: "conv"));
        b.Input("place");
        var row = b.Op("Gather", [b.Floats("table", [5, 4], [.. Enumerable.Range(0, 20).Select(i => (i * 5 % 7 - 3) * 4f)]), "place"], [1, 4], "row");
        var joined = b.Concat(1, b.Flatten(b.GlobalAveragePool(maps)), row);
        var model = b.Build(b.Gemm(b.Relu(b.Gemm(joined, 10, name: "hidden")), 3, name: "scores"));
        model.Graph.Input[1].Type.TensorType.ElemType = (int)DataType.Int32;
        return model;
    }

    // The session itself, one item at a time.
    static int[] Classes(string model, float[] pixels, int[] places)
    {
        using var session = new InferenceSession(model);
        using var options = new RunOptions();
        return [.. places.Select((place, i) =>
        {
            using var picture = OrtValue.CreateTensorValueFromMemory(pixels[(i * 192)..((i + 1) * 192)], [1, 3, 8, 8]);
            using var number = OrtValue.CreateTensorValueFromMemory(new[] { place }, [1]);
            using var found = session.Run(options, ["picture", "place"], [picture, number], ["scores"]);
            var scores = found[0].GetTensorDataAsSpan<float>().ToArray();
            return Array.IndexOf(scores, scores.Max());
        })];
    }
}
