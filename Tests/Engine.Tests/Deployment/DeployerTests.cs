using OnnxEdit.Engine.Deployment;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class DeployerTests
{
    [Fact]
    public void Every_version_has_the_answer_it_must_give()
    {
        using var folder = new TempFolder();
        var result = Deploy(folder, Net(null, 1));
        Assert.Equal((1, true, 64), (result.Version.Version, result.IsActive, result.Version.MaxBatchSize));
        var second = Deploy(folder, Net(null, 2), activate: true);
        Assert.Equal((2, true), (second.Version.Version, second.IsActive));
        var repository = new ModelRepository(folder["repo"]);
        for (var version = 1; version <= 2; version++)
        {
            var path = repository.ModelPath("m", version);
            using var model = ServableModel.Open(path);
            Assert.Equal(0, GoldenRequest.Check(model, Path.GetDirectoryName(path)!));
        }
        File.Copy(repository.ModelPath("m", 1), repository.ModelPath("m", 2), overwrite: true);
        Deployer.Rollback(repository, "m");
        var refused = Assert.Throws<OnnxEngineException>(() => Deployer.Activate(repository, "m", 2));
        Assert.Equal(ErrorKind.VerificationFailed, refused.Kind);
        Assert.Equal(1, repository.RequireManifest("m").Active);
    }

    [Fact]
    public void A_rollback_goes_where_activations_came_from()
    {
        using var folder = new TempFolder();
        foreach (var seed in new[] { 1, 2, 3 }) Deploy(folder, Net(null, seed), activate: seed != 2);
        var repository = new ModelRepository(folder["repo"]);
        Assert.Equal(3, repository.RequireManifest("m").Active);
        Deployer.Activate(repository, "m", 2);
        Assert.Equal(3, Deployer.Rollback(repository, "m").Active);
        Assert.Equal(1, Deployer.Rollback(repository, "m").Active);
        Assert.Throws<OnnxEngineException>(() => Deployer.Rollback(repository, "m"));
    }

    [Fact]
    public void A_batch_of_one_is_opened_through_its_reshapes()
    {
        using var folder = new TempFolder();
        var fixedNet = Net(1, 1);
        Assert.Equal(0, Deploy(folder, fixedNet).Version.MaxBatchSize);
        var open = Deploy(folder, fixedNet, openBatch: true);
        Assert.Equal((64, 0.0), (open.Version.MaxBatchSize, open.Version.ParityDifference));
        Assert.Equal(-1, open.Version.Inputs[0].Shape[0]);
    }

    [Fact]
    public void A_graph_that_mixes_its_items_is_not_batched()
    {
        using var folder = new TempFolder();
        // Its sum goes over the items too.
        var model = ChainModel.Of("Softmax", 4).Proto.Clone();
        model.Graph.Node[0].Set("axis", 0L);
        var result = Deploy(folder, model);
        Assert.Equal(0, result.Version.MaxBatchSize);
        Assert.Contains(result.Notes, note => note.Contains("differs", StringComparison.Ordinal));
    }

    static ModelProto Net(int? batch, int seed)
    {
        var b = new GraphBuilder(seed) { Batch = batch };
        var x = b.Input("x", 2, 4, 4);
        var y = b.Relu(b.Conv(x, 4, pads: 1));
        return b.Build(b.Gemm(batch is null ? b.Flatten(y) : b.Reshape(y, 1, 64), 3));
    }

    static DeployResult Deploy(TempFolder folder, ModelProto model, bool activate = false, bool openBatch = false)
    {
        var path = folder[$"{Guid.NewGuid():N}.onnx"];
        new OnnxModel(model).Save(path, cancellation: TestContext.Current.CancellationToken);
        var loaded = OnnxModel.Load(path);
        return Deployer.Deploy(loaded, new DeployOptions { Repository = folder["repo"], Name = "m", Activate = activate, OpenBatch = openBatch, Parity = openBatch ? loaded : null });
    }
}
