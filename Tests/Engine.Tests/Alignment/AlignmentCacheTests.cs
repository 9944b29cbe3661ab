using OnnxEdit.Engine.Alignment;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class AlignmentCacheTests : IDisposable
{
    static readonly AlignmentRow[] _rows = [new(AlignmentKind.Convolution, 16, 1.5), new(AlignmentKind.MatMul, 63, 0.25)];

    readonly TempFolder _root = new();
    int _measured;

    string Folder => _root["cache"];

    public void Dispose() => _root.Dispose();

    [Fact]
    public void A_table_is_measured_once()
    {
        var first = Load("cpu", 2, "1.0");
        var second = Load("cpu", 2, "1.0");
        Assert.Equal(1, _measured);
        Assert.Equal(first.Rows, second.Rows);
        Assert.Equal(("cpu", 2, "1.0"), (second.Cpu, second.Threads, second.Runtime));
        Assert.Single(Directory.GetFileSystemEntries(Folder));
    }

    [Fact]
    public void Another_processor_thread_count_or_runtime_is_measured_anew()
    {
        Load("cpu", 2, "1.0");
        Load("other", 2, "1.0");
        Load("cpu", 4, "1.0");
        Load("cpu", 2, "1.1");
        Assert.Equal(4, _measured);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{ \"cpu\": \"cpu\", \"thr")]
    [InlineData("[1, 2]")]
    [InlineData("{ \"cpu\": \"cpu\", \"threads\": 2, \"runtime\": \"1.0\" }")]
    [InlineData("{ \"cpu\": \"cpu\", \"threads\": 2, \"runtime\": \"1.0\", \"rows\": [ { \"kind\": \"nonsense\", \"channels\": 8, \"milliseconds\": 1 } ] }")]
    [InlineData("{ \"cpu\": \"cpu\", \"threads\": 2, \"runtime\": \"1.0\", \"rows\": [ null ] }")]
    [InlineData("{ \"cpu\": \"other\", \"threads\": 2, \"runtime\": \"1.0\", \"rows\": [ { \"kind\": \"matMul\", \"channels\": 8, \"milliseconds\": 1 } ] }")]
    public void A_file_that_cannot_be_used_is_measured_again_and_replaced(string content)
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(new AlignmentCache(Folder).PathOf("cpu", 2, "1.0"), content);
        Assert.Equal(_rows, Load("cpu", 2, "1.0").Rows);
        Load("cpu", 2, "1.0");
        Assert.Equal(1, _measured);
    }

    [Fact]
    public void A_cache_file_written_by_hand_is_read()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(
            new AlignmentCache(Folder).PathOf("cpu", 2, "1.0"),
            "{ \"cpu\": \"cpu\", \"threads\": 2, \"runtime\": \"1.0\", \"rows\": [ { \"kind\": \"depthwise\", \"channels\": 8, \"milliseconds\": 0.5 } ] }");
        Assert.Equal([new(AlignmentKind.Depthwise, 8, 0.5)], Load("cpu", 2, "1.0").Rows);
        Assert.Equal(0, _measured);
    }

    [Fact]
    public void Without_aFolder_to_write_the_table_is_measured_each_time()
    {
        File.WriteAllText(Folder, "a file where the folder should be");
        Assert.Equal(_rows, Load("cpu", 2, "1.0").Rows);
        Assert.Equal(_rows, new AlignmentCache(null).Load("cpu", 2, "1.0", Measure).Rows);
        Assert.Equal(2, _measured);
    }

    [Fact]
    public void A_measurement_covers_every_kind_and_can_be_cancelled()
    {
        foreach (var kind in Enum.GetValues<AlignmentKind>())
            Assert.True(AlignmentMeasurement.Time(AlignmentMeasurement.Chain(kind, 12), 1, TimeSpan.Zero) > 0);
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => AlignmentMeasurement.Run(1, source.Token));
    }

    [Fact]
    public void The_processor_has_a_name_in_one_line() => Assert.Matches("^[^\n]+-bit vectors$", CpuModel.Name);

    AlignmentTable Load(string cpu, int threads, string runtime) => new AlignmentCache(Folder).Load(cpu, threads, runtime, Measure);

    AlignmentRow[] Measure()
    {
        _measured++;
        return _rows;
    }
}
