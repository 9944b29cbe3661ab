using Google.Protobuf;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class DeployTests(SlimSample sample, ServedRepository repository)
{
    [Fact]
    public void Versions_are_published_listed_activated_and_rolled_back()
    {
        var own = repository.Copy();
        var list = CliRunner.Run(["deploy", "--to", own, "--list"]).Expect(0).StdOut;
        Assert.Matches(@"shapes +1 +active", list);
        Assert.Equal("shapes: version 2 is active\n", CliRunner.Run(["deploy", "--to", own, "--name", "shapes", "--activate", "2"]).Expect(0).StdOut.ReplaceLineEndings("\n"));
        Assert.Contains("versions: [ 2 ]", File.ReadAllText(Path.Combine(own, "shapes", "config.pbtxt")), StringComparison.Ordinal);
        Assert.Equal("shapes: version 1 is active\n", CliRunner.Run(["deploy", "--to", own, "--name", "shapes", "--rollback"]).Expect(0).StdOut.ReplaceLineEndings("\n"));
        var third = CliRunner.Run(["deploy", sample.Model, "--to", own, "--name", "shapes", "--parity", sample.Model, "--limit", "100", "--activate"]).Expect(0).StdOut;
        Assert.Contains("outputs equal the source's: largest relative difference 0", third, StringComparison.Ordinal);
        Assert.Contains($"serve: onnxedit serve {own}", third, StringComparison.Ordinal);
        Assert.Equal(3, CliRunner.Run(["deploy", "--to", own, "--list", "--json"]).Expect(0).Json().GetProperty("models")[0].GetProperty("active").GetInt32());
    }

    [Fact]
    public void A_model_that_does_not_pass_a_gate_leaves_no_trace()
    {
        var own = repository.Copy();
        var before = Files(own);
        var slim = Path.Combine(own, "shapes", "2", "model.onnx");
        Assert.Contains("outputs differ", CliRunner.Run(["deploy", slim, "--to", own, "--name", "shapes", "--parity", sample.Model]).ExpectError(6), StringComparison.Ordinal);
        Assert.Contains("are required", CliRunner.Run(["deploy", sample.Model, "--to", own, "--name", "shapes", "--require-accuracy", "99.9", "--limit", "200"]).ExpectError(5), StringComparison.Ordinal);
        Assert.Contains("is required", CliRunner.Run(["deploy", sample.Model, "--to", own, "--name", "shapes", "--require-speedup", "1000", "--limit", "50"]).ExpectError(5), StringComparison.Ordinal);
        Assert.Contains("no labelled test items", CliRunner.Run(["deploy", slim, "--to", own, "--name", "shapes", "--require-accuracy", "50"]).ExpectError(4), StringComparison.Ordinal);
        Assert.Equal(before, Files(own));
    }

    [Theory]
    [InlineData("deploy MODEL --to REPO --name ../x", 2, "cannot name a model")]
    [InlineData("deploy MODEL --to REPO --name .x", 2, "cannot name a model")]
    [InlineData("deploy MODEL --to REPO", 2, "--name")]
    [InlineData("deploy MODEL --to REPO --name x --format kserve", 2, "--storage-uri")]
    [InlineData("deploy MODEL --to REPO --name x --require-speedup 1.1", 2, "no deployed version")]
    [InlineData("deploy MODEL --to REPO --name x --list", 2, "leave")]
    [InlineData("deploy MODEL --to REPO --name x --dynamic-batch --max-batch 0", 2, "--max-batch takes")]
    [InlineData("deploy --to REPO --name x --rollback", 2, "There is no folder")]
    [InlineData("serve REPO", 2, "There is no folder")]
    [InlineData("serve DATA --host nowhere", 2, "--host takes an address")]
    public void What_cannot_be_done_is_said(string words, int code, string sentence)
    {
        var target = sample.New("");
        var result = CliRunner.Run(words.Replace("MODEL", sample.Model, StringComparison.Ordinal).Replace("REPO", target, StringComparison.Ordinal).Replace("DATA", sample.Data, StringComparison.Ordinal));
        Assert.Contains(sentence, result.ExpectError(code), StringComparison.Ordinal);
        Assert.Empty(Directory.Exists(target) ? Directory.GetDirectories(target) : []);
    }

    [Fact]
    public async Task Outputs_that_are_no_tensors_are_left_out_and_said()
    {
        var model = SignatureModels.ListOfMaps();
        var path = sample.New();
        File.WriteAllBytes(path, model.ToByteArray());
        var target = sample.New("");
        var refused = CliRunner.Run(["deploy", path, "--to", target, "--name", "maps"]).ExpectError(3);
        Assert.Contains($"No output of '{path}' can be sent: 'maps' (a sequence of maps)", refused, StringComparison.Ordinal);
        model.Graph.Output.Insert(0, new ValueInfoProto { Name = "scores", Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1, Shape = new TensorShapeProto() } } });
        model.Graph.Output[0].Type.TensorType.Shape.Dim.Add(new[] { new TensorShapeProto.Types.Dimension { DimParam = "N" }, new TensorShapeProto.Types.Dimension { DimValue = 3 } });
        File.WriteAllBytes(path, model.ToByteArray());
        Assert.Contains("'maps' (a sequence of maps)", CliRunner.Run(["deploy", path, "--to", target, "--name", "maps"]).Expect(0).StdErr, StringComparison.Ordinal);
        using var server = ServerProcess.Start(target);
        var body = new StringContent("""{"inputs":[{"name":"x","shape":[1,6],"datatype":"FP32","data":[1,2,3,4,5,6]}]}""");
        var answer = await server.Http.PostAsync("/v2/models/maps/infer", body, TestContext.Current.CancellationToken);
        var outputs = System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement.GetProperty("outputs");
        Assert.Equal("scores", Assert.Single(outputs.EnumerateArray()).GetProperty("name").GetString());
    }

    [Fact]
    public void An_operator_of_a_library_that_is_not_there_is_named_with_its_domain()
    {
        var b = new GraphBuilder(1);
        var x = b.Op("GaussianBlur", [b.Input("x", 6)], [1, 6], "blurred", node => node.Domain = "com.microsoft.extensions");
        var model = b.Build(b.Gemm(x, 3));
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft.extensions", Version = 1 });
        var path = sample.New();
        File.WriteAllBytes(path, model.ToByteArray());
        var error = CliRunner.Run(["deploy", path, "--to", sample.New(""), "--name", "blurred"]).ExpectError(3);
        Assert.Contains($"'{path}': it has the operator 'GaussianBlur' of the domain 'com.microsoft.extensions'", error, StringComparison.Ordinal);
        Assert.Contains("export the part of the model behind it", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_batch_fixed_at_one_is_opened_and_checked()
    {
        var b = new GraphBuilder(1) { Batch = 1 };
        var x = b.Input("x", 3, 8, 8);
        var y = b.Gemm(b.Flatten(b.Relu(b.Conv(x, 4, pads: 1))), 5);
        var path = sample.New();
        new OnnxModel(b.Build(y)).Save(path, cancellation: TestContext.Current.CancellationToken);
        var target = sample.New("");
        var plain = CliRunner.Run(["deploy", path, "--to", target, "--name", "one", "--json"]).Expect(0).Json();
        Assert.Equal(0, plain.GetProperty("version").GetProperty("maxBatchSize").GetInt32());
        var open = CliRunner.Run(["deploy", path, "--to", target, "--name", "one", "--dynamic-batch", "--parity", path, "--json"]).Expect(0).Json();
        Assert.Equal(64, open.GetProperty("version").GetProperty("maxBatchSize").GetInt32());
        Assert.Contains("max_batch_size: 0", File.ReadAllText(Path.Combine(target, "one", "config.pbtxt")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ovms", "config.json", "\"base_path\": \"/models/shapes\"")]
    [InlineData("kserve", "shapes/inferenceservice.yaml", "storageUri: \"pvc://m\"")]
    [InlineData("onnxruntime-server", "shapes/1/model.onnx", "")]
    public void Other_servers_get_their_files(string format, string file, string content)
    {
        var target = sample.New("");
        var result = CliRunner.Run(["deploy", sample.Model, "--to", target, "--name", "shapes", "--format", format, "--storage-uri", "pvc://m", "--limit", "50"]).Expect(0);
        Assert.Contains("   or: ", result.StdOut, StringComparison.Ordinal);
        Assert.Contains(content, File.ReadAllText(Path.Combine(target, file)), StringComparison.Ordinal);
    }

    // When its folder is there, when the model has answered and its accuracy is being measured, and when it is published.
    [Theory]
    [InlineData(".staging", 3)]
    [InlineData("golden-response.json", 3)]
    [InlineData("3", 4)]
    public async Task A_deployment_that_is_killed_leaves_a_repository_that_works(string made, int next)
    {
        var own = repository.Copy();
        using (var watch = new FolderWatch(own, name => name == made || Path.GetExtension(name) == made))
        using (var process = CliRunner.Start(["deploy", sample.Model, "--to", own, "--name", "shapes", "--activate", "-q"]))
        {
            await watch.SeenAsync(process, TestContext.Current.CancellationToken);
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        using (var server = ServerProcess.Start(own)) Assert.StartsWith("serving shapes", server.Line, StringComparison.Ordinal);
        CliRunner.Run(["deploy", sample.Model, "--to", own, "--name", "shapes", "--activate", "--limit", "50"]).Expect(0);
        Assert.True(File.Exists(Path.Combine(own, "shapes", $"{next}", "model.onnx")));
        Assert.DoesNotContain(Directory.GetDirectories(own), folder => folder.EndsWith(".staging", StringComparison.Ordinal));
    }

    static string[] Files(string folder) => [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order()];
}
