using Microsoft.Extensions.Logging.Abstractions;
using OnnxEdit.Engine.Deployment;
using OnnxEdit.Fuzz;
using Xunit;

namespace OnnxEdit.Serving.Tests;

public sealed class ModelCatalogTests : IAsyncDisposable
{
    readonly ServedModels _models = new();
    readonly ManualClock _clock = new();
    readonly ModelCatalog _catalog;

    public ModelCatalogTests() =>
        _catalog = new ModelCatalog(new ModelRepository(_models.Root), new ServeOptions { Repository = _models.Root, Instances = 1 }, _clock, NullLogger<ModelCatalog>.Instance);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _catalog.DisposeAsync();
        _models.Dispose();
    }

    // What a version makes of 1, to tell them apart: its factor.
    static async Task<float> Factor(LoadedVersion version)
    {
        var request = new PendingRequest([ServedModels.Rows("x", 1, 1)], 1, Cancellation);
        Assert.True(version.TryEnqueue(request));
        return ServedModels.Floats((await request.Answer)[0])[0];
    }

    async Task<(int Version, float Factor)> Served(string name)
    {
        var held = _catalog.Hold(name, null);
        try
        {
            return (held.Version, await Factor(held));
        }
        finally
        {
            held.Release();
        }
    }

    [Fact]
    public async Task New_models_and_versions_are_taken_up_and_models_that_are_gone_are_dropped()
    {
        _models.Write("b", 1, ServedModels.Doubling(2));
        _models.Write("a", 3, ServedModels.Doubling(3));
        await _catalog.RefreshAsync();
        Assert.Equal(["a", "b"], _catalog.Slots.Select(slot => slot.Name));
        Assert.Equal((3, 3), await Served("a"));
        _models.Write("b", 10, ServedModels.Doubling(10));
        Directory.Delete(Path.Combine(_models.Root, "a"), recursive: true);
        await _catalog.RefreshAsync();
        Assert.Equal((10, 10), await Served("b"));
        Assert.Equal(["b"], _catalog.Slots.Select(slot => slot.Name));
        Assert.Contains("There is no model 'a' here", Assert.Throws<RequestRefused>(() => _catalog.Hold("a", null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_manifest_says_which_version_is_active()
    {
        foreach (var version in new[] { 1, 2 }) _models.Write("m", version, ServedModels.Doubling(version));
        void Activate(int version) => new DeploymentManifest
        {
            Name = "m",
            Active = version,
            Versions = [.. new[] { 1, 2 }.Select(v => new DeployedVersion { Version = v, Sha256 = $"{v}", SourceSha256 = "", Deployed = default, MaxBatchSize = 0, Inputs = [], Outputs = [] })],
        }.Write(Path.Combine(_models.Root, "m"));
        Activate(1);
        await _catalog.LoadAsync("m");
        Assert.Equal((1, 1), await Served("m"));
        Activate(2);
        await _catalog.LoadAsync("m");
        Assert.Equal((2, 2), await Served("m"));
    }

    [Fact]
    public async Task Only_the_version_that_answers_can_be_asked_for()
    {
        _models.Write("m", 2, ServedModels.Doubling());
        await _catalog.LoadAsync("m");
        _catalog.Hold("m", "2").Release();
        var refused = Assert.Throws<RequestRefused>(() => _catalog.Hold("m", "1\n"));
        Assert.Equal((404, "Version '1?' of 'm' is not served; 2 is."), (refused.Status, refused.Message));
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("../m")]
    [InlineData("")]
    public async Task What_is_not_in_the_repository_is_not_loaded(string name)
    {
        _models.Write("m", 1, ServedModels.Doubling());
        Directory.CreateDirectory(Path.Combine(_models.Root, "nothing", "1"));
        var refused = await Assert.ThrowsAsync<RequestRefused>(() => _catalog.LoadAsync(name));
        Assert.Equal((404, $"There is no model '{name}' in the repository."), (refused.Status, refused.Message));
        Assert.Empty(_catalog.Slots);
    }

    [Fact]
    public async Task A_version_that_does_not_load_changes_nothing_and_says_why()
    {
        _models.Write("m", 1, ServedModels.Doubling(1));
        await _catalog.RefreshAsync();
        var path = _models.Write("m", 2, [1, 2, 3]);
        await _catalog.RefreshAsync();
        Assert.Equal((1, 1), await Served("m"));
        var failure = Assert.Single(_catalog.Slots).Failure;
        Assert.NotNull(failure);
        Assert.Contains("m", failure, StringComparison.Ordinal);
        var refused = await Assert.ThrowsAsync<RequestRefused>(() => _catalog.LoadAsync("m"));
        Assert.Equal((400, $"The model 'm' does not load: {failure}"), (refused.Status, refused.Message));
        // It is mended and loads.
        File.Copy(Path.Combine(_models.Root, "m", "1", ModelRepository.ModelFile), path, overwrite: true);
        await _catalog.LoadAsync("m");
        Assert.Equal((2, 1), await Served("m"));
        Assert.Null(Assert.Single(_catalog.Slots).Failure);
    }

    [Fact]
    public async Task A_model_that_never_loaded_is_refused_with_the_reason()
    {
        _models.Write("m", 1, [1, 2, 3]);
        await _catalog.RefreshAsync();
        var refused = Assert.Throws<RequestRefused>(() => _catalog.Hold("m", null));
        Assert.Equal((404, $"The model 'm' is not loaded: {Assert.Single(_catalog.Slots).Failure}"), (refused.Status, refused.Message));
    }

    [Fact]
    public async Task A_replaced_version_answers_those_that_hold_it_until_the_last_lets_go()
    {
        _models.Write("m", 1, ServedModels.Doubling(1));
        await _catalog.RefreshAsync();
        var old = _catalog.Hold("m", null);
        _models.Write("m", 2, ServedModels.Doubling(2));
        await _catalog.RefreshAsync();
        Assert.Equal((2, 2), await Served("m"));
        Assert.Equal(1, await Factor(old));
        Assert.True(old.TryHold());
        old.Release();
        old.Release();
        Assert.False(old.TryHold());
        await old.RetireAsync();
    }

    [Fact]
    public async Task An_unloaded_model_stays_unloaded_until_it_is_loaded_by_name()
    {
        _models.Write("m", 1, ServedModels.Doubling());
        await _catalog.RefreshAsync();
        await _catalog.UnloadAsync("m");
        _models.Write("m", 2, ServedModels.Doubling(5));
        await _catalog.RefreshAsync();
        Assert.Equal("The model 'm' is not loaded; POST /v2/repository/models/m/load loads it.", Assert.Throws<RequestRefused>(() => _catalog.Hold("m", null)).Message);
        await _catalog.LoadAsync("m");
        Assert.Equal((2, 5), await Served("m"));
        Assert.Equal(404, (await Assert.ThrowsAsync<RequestRefused>(() => _catalog.UnloadAsync("n"))).Status);
    }

    [Fact]
    public async Task The_end_waits_for_requests_under_way()
    {
        _models.Write("m", 1, ServedModels.Doubling(7));
        await _catalog.RefreshAsync();
        var held = _catalog.Hold("m", null);
        var end = _catalog.DisposeAsync().AsTask();
        Assert.False(end.IsCompleted);
        Assert.Equal(7, await Factor(held));
        Assert.False(end.IsCompleted);
        held.Release();
        await end;
    }

    [Fact]
    public async Task A_repository_that_cannot_be_read_leaves_what_is_served()
    {
        _models.Write("m", 1, ServedModels.Doubling(4));
        await _catalog.RefreshAsync();
        var away = _models.Root + "-away";
        Directory.Move(_models.Root, away);
        try
        {
            await _catalog.RefreshAsync();
            Assert.Equal((1, 4), await Served("m"));
        }
        finally
        {
            Directory.Move(away, _models.Root);
        }
    }
}
