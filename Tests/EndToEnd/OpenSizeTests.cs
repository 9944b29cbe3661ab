using System.Text.Json;
using Google.Protobuf;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>All commands open the sizes that a model leaves open in one way: those given, else those of the configuration, of the data, usual ones.</summary>
public sealed class OpenSizeTests : IDisposable
{
    readonly ColourFolder _folder = new();

    public OpenSizeTests()
    {
        var b = new GraphBuilder(2);
        var maps = b.Relu(b.Conv(b.Relu(b.Conv(b.Input("input", 3, 32, 32), 12, pads: 1, name: "first")), 8, pads: 1, name: "second"));
        var model = b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(maps)), 3, name: "scores"));
        for (var axis = 2; axis < 4; axis++) model.Graph.Input[0].Type.TensorType.Shape.Dim[axis] = new() { DimParam = axis == 2 ? "h" : "w" };
        File.WriteAllBytes(_folder.Model, model.ToByteArray());
    }

    public void Dispose() => _folder.Dispose();

    CliResult Run(string verb, params string[] more) => CliRunner.Run([verb, _folder.Model, .. more]);

    string[] Data => ["--data", _folder.Data, .. ColourFolder.Normalisation.Split(' ')];

    // 3 x 3 taps: 3 to 12 channels, 12 to 8; and the scores.
    static long Macs(int height, int width) => 9L * height * width * (3 * 12 + 12 * 8) + 3 * 8;

    (long Macs, int Groups) Inspected(params string[] more)
    {
        var json = Run("inspect", ["--json", .. more]).Expect(0).Json();
        return (json.GetProperty("macs").GetInt64(), json.GetProperty("channels").GetProperty("prunable").GetInt32());
    }

    (long Macs, int Groups) Explained(params string[] more)
    {
        var json = Run("explain", ["--json", .. more]).Expect(0).Json();
        return (json.GetProperty("macs").GetInt64(), json.GetProperty("groups").EnumerateArray().Count(g => g.GetProperty("prunable").GetInt32() > 0));
    }

    (long Macs, int Groups) Slimmed(params string[] more)
    {
        var json = Run("slim", ["--sparsity", "0.3", "--align", "1", "--dry-run", "--json", .. more]).Expect(0).Json();
        return (json.GetProperty("before").GetProperty("macs").GetInt64(), json.GetProperty("groupCounts").GetProperty("free").GetInt32());
    }

    [Fact]
    public void Commands_agree_on_groups_and_work()
    {
        string[] given = ["--input-shape", "input:N,3,16,24"];
        Assert.Equal((Macs(16, 24), 2), Inspected(given));
        Assert.Equal(Inspected(given), Explained(given));
        Assert.Equal(Inspected(given), Slimmed([.. given, "--data", "random:20"]));
        // The data settles what is not given; then the model's own work is that at its size.
        Assert.Equal((Macs(32, 32), 2), Slimmed(Data));
        Assert.Equal(Inspected("--input-shape", "input:N,3,32,32"), Slimmed(Data));
    }

    [Fact]
    public void Init_keeps_the_sizes_for_all()
    {
        Run("init", [.. Data, "--input-shape", "input:N,3,16,24", "--resize", "16x24"]).Expect(0);
        var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder.Root, "onnxedit.json"))).RootElement;
        Assert.Equal([-1, 3, 16, 24], config.GetProperty("inputShapes").GetProperty("input").EnumerateArray().Select(e => e.GetInt32()));
        Assert.Equal((Macs(16, 24), 2), Inspected());
        Assert.Equal((Macs(16, 24), 2), Explained());
        Assert.Equal((Macs(16, 24), 2), Slimmed());
        // What is given now goes before.
        Assert.Equal((Macs(8, 8), 2), Explained("--input-shape", "input:N,3,8,8"));
    }

    [Theory]
    [InlineData("eval")]
    [InlineData("stats")]
    [InlineData("slim", "--sparsity", "0.3")]
    [InlineData("finetune", "--steps", "3")]
    [InlineData("finetune", "--editable", "--steps", "3")]
    [InlineData("unlearn", "--class", "1")]
    [InlineData("edit", "--image", "test:1", "--label", "0")]
    [InlineData("coar", "--examples", "5")]
    [InlineData("coar edit", "--target", "class:1:5")]
    [InlineData("coar plan", "--examples", "5")]
    [InlineData("report")]
    [InlineData("deploy", "--name", "colours", "--require-accuracy", "10")]
    [InlineData("init")]
    public void Every_verb_takes_a_size_and_pictures_of_another_are_refused(string verb, params string[] more)
    {
        string[] call = [.. verb.Split(' '), _folder.Model, .. Data, .. more];
        if (verb == "coar plan") call = [.. call, "-o", Path.Combine(_folder.Root, "run")];
        if (verb == "deploy") call = [.. call, "--to", Path.Combine(_folder.Root, "repository")];
        Assert.Contains("is 32x32 but the model takes 20x24; give --resize 20x24", CliRunner.Run([.. call, "--input-shape", "input:N,3,20,24"]).ExpectError(4), StringComparison.Ordinal);
        Assert.Contains("the model has no such input; it has 'input'", CliRunner.Run([.. call, "--input-shape", "other:N,3,20,20"]).ExpectError(2), StringComparison.Ordinal);
        Assert.Contains("does not fit the input 'input', which is [N,3,h,w]", CliRunner.Run([.. call, "--input-shape", "input:N,4,20,20"]).ExpectError(2), StringComparison.Ordinal);
    }
}
