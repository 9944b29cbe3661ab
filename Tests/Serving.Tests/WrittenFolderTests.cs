using Microsoft.Extensions.Logging.Abstractions;
using OnnxEdit.Engine.Deployment;
using OnnxEdit.Fuzz;
using Xunit;

namespace OnnxEdit.Serving.Tests;

/// <summary>A repository without a deployment, whose files others copy slowly, replace and delete.</summary>
public sealed class WrittenFolderTests : IAsyncDisposable
{
    readonly ServedModels _models = new();
    readonly ManualClock _clock = new();
    readonly ServeOptions _options;
    readonly ModelCatalog _catalog;

    public WrittenFolderTests()
    {
        _options = new ServeOptions { Repository = _models.Root, Instances = 1 };
        _catalog = new ModelCatalog(new ModelRepository(_models.Root), _options, _clock, NullLogger<ModelCatalog>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _catalog.DisposeAsync();
        _models.Dispose();
    }

    static byte[] Telling(float answer) => TellingModel.Model(answer - 1, 1);

    async Task<(int Version, float Answer)> Served()
    {
        var held = _catalog.Hold("m", null);
        try
        {
            var request = new PendingRequest([ServedModels.Rows("x", 1, 1)], 1, TestContext.Current.CancellationToken);
            Assert.True(held.TryEnqueue(request));
            return (held.Version, ServedModels.Floats((await request.Answer)[0])[0]);
        }
        finally
        {
            held.Release();
        }
    }

    async Task Look(double seconds = 1)
    {
        _clock.Advance(TimeSpan.FromSeconds(seconds));
        await _catalog.RefreshAsync();
    }

    IReadOnlyList<(string Name, string Version, string State, string Reason)> Index() => [.. ModelDescription.Index(_catalog, _options, readyOnly: false)];

    [Fact]
    public async Task A_file_that_was_cut_is_taken_up_when_it_is_whole()
    {
        var whole = Telling(5);
        _models.Write("m", 1, whole[..^20]);
        await Look();
        Assert.Contains("is truncated", Assert.Throws<RequestRefused>(() => _catalog.Hold("m", null)).Message, StringComparison.Ordinal);
        await Look();
        _models.Write("m", 1, whole);
        await Look();
        Assert.Equal((1, 5), await Served());
        Assert.Equal([("m", "1", "READY", "")], Index());
    }

    [Fact]
    public async Task The_good_version_answers_beside_a_broken_one_from_the_start_and_until_it_is_whole()
    {
        _models.Write("m", 1, Telling(5));
        _models.Write("m", 2, Telling(6)[..50]);
        await Look();
        Assert.Equal((1, 5), await Served());
        var index = Index();
        Assert.Equal([("1", "READY"), ("2", "UNAVAILABLE")], index.Select(entry => (entry.Version, entry.State)));
        Assert.Matches(@"'.*2.model\.onnx' is truncated, .* Tried again as soon as its files change, and otherwise at \d\d:\d\d:\d\d UTC\.$", index[1].Reason);
        _models.Write("m", 2, Telling(6));
        await Look();
        Assert.Equal((2, 6), await Served());
    }

    [Fact]
    public async Task Another_model_in_the_same_place_is_taken_up()
    {
        _models.Write("m", 1, Telling(5));
        await Look();
        var before = _catalog.Hold("m", null);
        _models.Write("m", 1, Telling(7));
        await Look();
        Assert.Equal((1, 7), await Served());
        before.Release();
        // Unloaded, since nobody holds it.
        await before.RetireAsync();
        Assert.False(before.TryHold());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_write_that_does_not_show_in_size_and_time_is_found(bool byCall)
    {
        var time = _clock.GetUtcNow().UtcDateTime;
        File.SetLastWriteTimeUtc(_models.Write("m", 1, Telling(5)), time);
        await Look();
        File.SetLastWriteTimeUtc(_models.Write("m", 1, Telling(7)), time);
        if (byCall) await _catalog.LoadAsync("m");
        else await Look(3);
        Assert.Equal((1, 7), await Served());
    }

    [Fact]
    public async Task Replaced_weights_beside_the_model_are_taken_up_and_cut_ones_do_no_harm()
    {
        _models.Write("m", 1, TellingModel.Model(100, null));
        var data = Path.Combine(_models.Root, "m", "1", TellingModel.DataFile);
        await Look();
        Assert.Contains("which is missing", Assert.Single(_catalog.Slots).Failure, StringComparison.Ordinal);
        File.WriteAllBytes(data, TellingModel.Data(3));
        await Look();
        Assert.Equal((1, 103), await Served());
        // Where it lies: a mapped file would end the process here.
        using (var cut = File.OpenWrite(data)) cut.SetLength(0);
        Assert.Equal((1, 103), await Served());
        await Look();
        Assert.Equal((1, 103), await Served());
        var entry = Assert.Single(Index());
        Assert.Equal("READY", entry.State);
        Assert.StartsWith("Its files do not load any more, and what was loaded before answers.", entry.Reason, StringComparison.Ordinal);
        File.WriteAllBytes(data, TellingModel.Data(4));
        await Look();
        Assert.Equal((1, 104), await Served());
    }

    [Fact]
    public async Task A_version_that_is_written_over_goes_on_until_its_files_rest_and_then_gives_way_to_a_good_one()
    {
        _models.Write("m", 1, Telling(5));
        _models.Write("m", 2, Telling(6));
        await Look();
        _models.Write("m", 2, Telling(7)[..30]);
        await Look();
        Assert.Equal((2, 6), await Served());
        await Look(4);
        Assert.Equal((1, 5), await Served());
    }

    [Fact]
    public async Task A_file_that_is_away_for_a_moment_fails_no_request()
    {
        var path = _models.Write("m", 1, Telling(5));
        await Look();
        File.Delete(path);
        await Look();
        Assert.Equal((1, 5), await Served());
        _models.Write("m", 1, Telling(6));
        await Look();
        Assert.Equal((1, 6), await Served());
        File.Delete(path);
        await Look();
        await Look(4);
        Assert.Throws<RequestRefused>(() => _catalog.Hold("m", null));
    }

    [Fact]
    public async Task Files_that_are_touched_are_not_loaded_again()
    {
        var path = _models.Write("m", 1, Telling(5));
        await Look();
        var loaded = Assert.Single(_catalog.Slots).Current;
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours(1));
        await Look();
        await _catalog.LoadAsync("m");
        Assert.Same(loaded, Assert.Single(_catalog.Slots).Current);
    }
}
