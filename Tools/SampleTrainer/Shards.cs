namespace OnnxEdit.SampleTrainer;

/// <summary>Splits a batch into a fixed number of pieces, so that sums do not depend on the number of threads.</summary>
static class Shards
{
    public const int Count = 8;

    /// <summary>Calls <paramref name="body"/> with a piece number and the piece's items [from, to).</summary>
    public static void Run(int items, Action<int, int, int> body) =>
        Parallel.For(0, Count, shard => body(shard, items * shard / Count, items * (shard + 1) / Count));
}
