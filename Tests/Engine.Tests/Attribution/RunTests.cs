using OnnxEdit.Engine.Attribution;
using OnnxEdit.Engine.Attribution.Runs;
using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class RunTests : IDisposable
{
    static readonly OnnxModel _model = SmallClassifier.Residual().Model;
    static readonly ItemSet _images = SmallClassifier.Images(21);

    readonly TempFolder _root = new();
    int _count;

    public void Dispose() => _root.Dispose();

    static AttributionOptions Options(string method = "combined") => new() { Method = method, Budget = 90, Batch = 8, Chunk = 3 };

    static AttributionSession Session(AttributionOptions? options = null, OnnxModel? model = null, ItemSet? images = null) => AttributionSession.Open(model ?? _model, images ?? _images, options ?? Options());

    RunFolder Plan(AttributionOptions? options = null, string? path = null)
    {
        var (session, settled) = (Session(options), options ?? Options());
        var data = new RunData { Path = "random:21", From = "test", Count = 21, Sha256 = ExampleHash.Of(_images, TestContext.Current.CancellationToken) };
        return RunFolder.Create(path ?? _root[$"{_count++}"], RunManifest.Of(session, settled, "/models/model.onnx", data));
    }

    static SampleReport Sample(RunFolder run, IEnumerable<int>? chunks = null, AttributionSession? session = null, IProgress<WorkProgress>? progress = null, CancellationToken? stop = null) =>
        AttributionSampler.Run(session ?? Session(run.Manifest.Options), run, [.. chunks ?? run.Work.Chunks.Select(c => c.Number)], progress, stop ?? TestContext.Current.CancellationToken);

    static MergeReport Merge(RunFolder run) => AttributionMerge.Merge(run, null, TestContext.Current.CancellationToken);

    byte[] Fit(RunFolder run) => Bytes(AttributionMerge.Fit(run, null, TestContext.Current.CancellationToken));

    byte[] Bytes(Attributions attributions)
    {
        var path = _root[$"{_count++}.safetensors"];
        attributions.Save(path, overwrite: false);
        return File.ReadAllBytes(path);
    }

    static string Refused(ErrorKind kind, Action action)
    {
        var error = Assert.Throws<OnnxEngineException>(action);
        Assert.Equal(kind, error.Kind);
        return error.Message;
    }

    [Theory]
    [InlineData("combined")]
    [InlineData("gradients")]
    [InlineData("ridge")]
    [InlineData("ols")]
    [InlineData("loo")]
    [InlineData("ridge-around-loo")]
    [InlineData("gradient-x-parameter")]
    [InlineData("internal-influence")]
    [InlineData("random")]
    public void Shards_in_any_number_and_order_give_the_bytes_of_a_single_process(string method)
    {
        var options = Options(method);
        var single = Bytes(Session(options).Attribute());
        foreach (int[] order in (int[][])[[0], [1, 0], [2, 4, 0, 3, 1]])
        {
            var run = Plan(options);
            foreach (var i in order) Sample(run, run.Work.Chunks.Select(c => c.Number).Where(new Shard(i, order.Length).Has).Reverse());
            Assert.Equal(single, Fit(run));
            Assert.Equal(run.Work.Chunks.Count, Merge(run).Chunks);
            // From the sums alone.
            Directory.Delete(Path.Combine(run.Path, "chunks"), recursive: true);
            Assert.Equal(single, Fit(run));
        }
    }

    [Fact]
    public void Shards_give_the_bytes_of_a_single_process_with_components_of_late_layers_too()
    {
        var options = Options() with { Layers = ["inner", "outer"], Budget = 120, Alpha = 0.25 };
        var run = Plan(options);
        foreach (var i in (int[])[1, 0]) Sample(run, run.Work.Chunks.Select(c => c.Number).Where(new Shard(i, 2).Has));
        Assert.Equal(Bytes(Session(options).Attribute()), Fit(run));
    }

    [Fact]
    public void Work_is_cut_into_chunks_of_like_cost_that_cover_all_of_it_once()
    {
        var work = new AttributionWork(new AttributionOptions { Budget = 1200, Chunk = 64 }, 200, 688, 32);
        Assert.Equal(320, work.Passes);
        Assert.Equal(240, work.Ablations);
        Assert.Equal(200 * (320 * 3 + 240 + 1), work.Cost);
        Assert.Equal(Enumerable.Range(0, work.Chunks.Count), work.Chunks.Select(c => c.Number));
        var gradients = work.Chunks.Where(c => c.Kind == ChunkKind.Gradients).ToArray();
        Assert.Equal(200 * 320, gradients.SelectMany(c => from e in Enumerable.Range(c.Example, c.Examples) from p in Enumerable.Range(c.First, c.Count) select (e, p)).Distinct().Count());
        Assert.All(gradients, c => Assert.Equal(0, c.First % 5));
        Assert.Equal(Enumerable.Range(0, 240), work.Chunks.Where(c => c.Kind == ChunkKind.Ablations).SelectMany(c => Enumerable.Range(c.First, c.Count)));
        Assert.InRange(gradients.Where(c => c.Examples == 32).Max(c => c.Cost), 0.5 * 64 * 200, 2 * 64 * 200);
    }

    [Fact]
    public void A_run_that_was_cut_off_loses_the_chunk_at_hand_and_goes_on()
    {
        var run = Plan();
        var all = run.Work.Chunks.Count;
        Assert.True(all > 6, $"{all}");
        using var stop = new CancellationTokenSource();
        // In the midst of the fourth chunk.
        var cost = run.Work.Chunks.Take(3).Sum(c => c.Cost);
        Assert.Throws<OperationCanceledException>(() => Sample(run, progress: new Told(p => { if (p.Done > cost) stop.Cancel(); }), stop: stop.Token));
        Assert.Equal(["000000", "000001", "000002"], Directory.GetFiles(Path.Combine(run.Path, "chunks")).Select(Path.GetFileNameWithoutExtension).Order());
        Assert.Contains($"{all - 3} of {all} chunks are missing", Refused(ErrorKind.Data, () => Merge(run)), StringComparison.Ordinal);
        var report = Sample(run);
        Assert.Equal(Enumerable.Range(3, all - 3), report.Made);
        Assert.Equal([0, 1, 2], report.Present);
        Assert.Equal(Bytes(Session().Attribute()), Fit(run));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_damaged_chunk_is_named_by_the_merge_and_made_again(bool isCut)
    {
        var run = Plan();
        Sample(run);
        var path = run.ChunkPath(2);
        var whole = File.ReadAllBytes(path);
        var broken = isCut ? whole[..^9] : [.. whole[..^9], (byte)(whole[^9] ^ 1), .. whole[^8..]];
        File.WriteAllBytes(path, broken);
        var message = Refused(ErrorKind.Data, () => Merge(run));
        Assert.Contains(path, message, StringComparison.Ordinal);
        Assert.Contains("AttributionSampler.Run(numbers) = 2", message, StringComparison.Ordinal);
        Assert.Equal([2], AttributionSampler.Pending(run, Enumerable.Range(0, 5), TestContext.Current.CancellationToken).Damaged);
        Assert.Equal([2], Sample(run).Repaired);
        Assert.Equal(whole, File.ReadAllBytes(path));
    }

    [Fact]
    public void Two_results_of_a_chunk_have_to_agree()
    {
        var run = Plan();
        Sample(run);
        var last = run.Work.Chunks[^1];
        var (values, _, _) = ChunkFile.Read(run.ChunkPath(last.Number), run, last);
        var copy = run.CopyPath(last.Number, "elsewhere");
        var before = Fit(run);

        values.Answers![0][0] += 1e-6f;
        ChunkFile.Write(copy, run, last, values, overwrite: true);
        Assert.Equal([last.Number], Merge(run).Twice);
        File.Delete(run.SumsPath);
        Assert.Equal(before, Fit(run));

        values.Answers[0][0] += 10;
        ChunkFile.Write(copy, run, last, values, overwrite: true);
        var message = Refused(ErrorKind.Data, () => Merge(run));
        Assert.Contains($"Chunk {last.Number} was made twice", message, StringComparison.Ordinal);
        Assert.Contains($"on {ChunkOrigin.Host} and on {ChunkOrigin.Host}", message, StringComparison.Ordinal);
        Assert.Contains(copy, message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_another_machine_finished_meanwhile_is_kept()
    {
        var (run, other) = (Plan(), Plan());
        Sample(other);
        var path = run.ChunkPath(1);
        // The other one is done while this one is at it.
        var report = Sample(run, [1], progress: new Told(_ => File.Copy(other.ChunkPath(1), path, overwrite: true)));
        Assert.Equal([1], report.Made);
        Assert.Empty(report.Twice);
        Assert.Equal([path], Directory.GetFiles(Path.Combine(run.Path, "chunks")));
        // With another result.
        var chunk = run.Work.Chunks[1];
        var (values, _, _) = ChunkFile.Read(path, run, chunk);
        values.Gradients!.Sum[0][0]++;
        ChunkFile.Write(other.ChunkPath(1), run, chunk, values, overwrite: true);
        File.Delete(path);
        Assert.Equal([1], Sample(run, [1], progress: new Told(_ => File.Copy(other.ChunkPath(1), path, overwrite: true))).Twice);
        Assert.Equal(2, Directory.GetFiles(Path.Combine(run.Path, "chunks")).Length);
    }

    [Fact]
    public void Another_model_other_examples_and_chunks_of_another_run_are_refused()
    {
        var run = Plan();
        Assert.Contains("The model is not the one", Refused(ErrorKind.Data, () => Sample(run, session: Session(model: new OnnxModel(Changed())))), StringComparison.Ordinal);
        Assert.Contains("The examples are not those", Refused(ErrorKind.Data, () => Sample(run, session: Session(images: _images.Select([.. Enumerable.Range(0, 20), 17])))), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.Combine(run.Path, "chunks")));

        var other = Plan(Options() with { Seed = 1 });
        Sample(other, [1]);
        File.Copy(other.ChunkPath(1), run.ChunkPath(1));
        Assert.Contains("belongs to another run", Refused(ErrorKind.Usage, () => Sample(run)), StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(other.ChunkPath(1)), File.ReadAllBytes(run.ChunkPath(1)));
        Assert.Contains("Another run is planned", Refused(ErrorKind.Usage, () => Plan(Options() with { Seed = 1 }, run.Path)), StringComparison.Ordinal);
        Assert.Equal(run.Sha256, Plan(path: run.Path).Sha256);
    }

    [Fact]
    public void A_folder_that_vanishes_or_is_none_is_said()
    {
        var run = Plan();
        Assert.Contains("the folder is gone", Refused(ErrorKind.Usage, () => Sample(run, progress: new Told(_ => { if (Directory.Exists(run.Path)) Directory.Delete(run.Path, recursive: true); }))), StringComparison.Ordinal);
        Assert.Contains("There is no run in", Refused(ErrorKind.Usage, () => RunFolder.Open(run.Path)), StringComparison.Ordinal);
        _root.WriteText("note.txt", "of other things");
        Assert.Contains("is no run of attributions", Refused(ErrorKind.Usage, () => Plan(path: _root.Path)), StringComparison.Ordinal);
        var damaged = Plan();
        var manifest = Path.Combine(damaged.Path, "manifest.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"passes\": 24", "\"passes\": 25", StringComparison.Ordinal));
        Assert.Contains("do not follow from its options", Refused(ErrorKind.Data, () => RunFolder.Open(damaged.Path)), StringComparison.Ordinal);
        File.WriteAllText(manifest, "{");
        Assert.Contains("cannot be used", Refused(ErrorKind.Data, () => RunFolder.Open(damaged.Path)), StringComparison.Ordinal);
    }

    [Fact]
    public void Memory_does_not_grow_with_the_number_of_ablations()
    {
        // ResNet-20: 688 filters, 0.27 million weights, about 0.6 million activations.
        MemoryBound Of(int ablations) => MemoryBound.Of(new AttributionWork(new AttributionOptions { Method = "ridge", Budget = ablations }, 1000, 688, 32), 1_100_000, 2_400_000);
        Assert.Equal(Of(1000), Of(100_000));
        Assert.All((long[])[Of(100_000).Sample, Of(100_000).Merge, Of(100_000).Fit], b => Assert.InRange(b, 100_000_000, 1_500_000_000));
    }

    // The same network with one weight moved.
    static ModelProto Changed()
    {
        var proto = _model.Proto.Clone();
        var weights = proto.Graph.Initializer.Single(t => t.Name == "inner.weight");
        var values = TensorData.Floats(weights);
        values[0] += 1;
        TensorData.SetFloats(weights, values);
        return proto;
    }

    sealed class Told(Action<WorkProgress> tell) : IProgress<WorkProgress>
    {
        public void Report(WorkProgress value) => tell(value);
    }
}
