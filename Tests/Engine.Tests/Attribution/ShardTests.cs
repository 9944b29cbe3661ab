using OnnxEdit.Engine.Attribution;
using OnnxEdit.Engine.Attribution.Runs;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class ShardTests
{
    [Theory]
    [InlineData("3/8", null, "", 3, 8)]
    [InlineData("0/1", null, "SLURM_ARRAY_TASK_ID=5", 0, 1)]
    [InlineData("auto", null, "SLURM_ARRAY_TASK_ID=5,SLURM_ARRAY_TASK_MIN=0,SLURM_ARRAY_TASK_MAX=7,SLURM_ARRAY_TASK_STEP=1,SLURM_ARRAY_TASK_COUNT=8,JOB_COMPLETION_INDEX=1", 5, 8)]
    [InlineData("auto", null, "SLURM_ARRAY_TASK_ID=11,SLURM_ARRAY_TASK_MIN=3,SLURM_ARRAY_TASK_MAX=15,SLURM_ARRAY_TASK_STEP=4,SLURM_ARRAY_TASK_COUNT=4", 2, 4)]
    [InlineData("auto", 8, "SLURM_ARRAY_TASK_ID=5,SLURM_ARRAY_TASK_MIN=3,SLURM_ARRAY_TASK_MAX=5,SLURM_ARRAY_TASK_STEP=1,SLURM_ARRAY_TASK_COUNT=2", 5, 8)]
    [InlineData("auto", 4, "JOB_COMPLETION_INDEX=2,AWS_BATCH_JOB_ARRAY_INDEX=1", 2, 4)]
    [InlineData("auto", 4, "AWS_BATCH_JOB_ARRAY_INDEX=1", 1, 4)]
    public void The_place_is_what_was_said_or_what_the_scheduler_says(string text, int? shards, string environment, int index, int count) =>
        Assert.Equal(new Shard(index, count), Shard.Parse(text, shards, Lookup(environment)));

    [Theory]
    [InlineData("8/8", null, "", "no shard 8 of 8")]
    [InlineData("3", null, "", "auto or i/n")]
    [InlineData("-1/4", null, "", "auto or i/n")]
    [InlineData("1/0", null, "", "auto or i/n")]
    [InlineData("1/4", 5, "", "contradict")]
    [InlineData("auto", null, "", "none of them is set")]
    [InlineData("auto", null, "JOB_COMPLETION_INDEX=2", "add Shard.Parse(shards)")]
    [InlineData("auto", 2, "JOB_COMPLETION_INDEX=2", "no shard 2 of 2")]
    [InlineData("auto", null, "SLURM_ARRAY_TASK_ID=5,SLURM_ARRAY_TASK_MIN=3,SLURM_ARRAY_TASK_MAX=5,SLURM_ARRAY_TASK_STEP=1,SLURM_ARRAY_TASK_COUNT=2", "has gaps")]
    [InlineData("auto", null, "SLURM_ARRAY_TASK_ID=x", "not a whole number")]
    public void What_says_no_place_is_refused(string text, int? shards, string environment, string sentence) =>
        Assert.Contains(sentence, Assert.Throws<OnnxEngineException>(() => Shard.Parse(text, shards, Lookup(environment))).Message, StringComparison.Ordinal);

    [Fact]
    public void Shards_share_out_everything_once() =>
        Assert.Equal(Enumerable.Range(0, 100), Enumerable.Range(0, 7).SelectMany(i => Enumerable.Range(0, 100).Where(new Shard(i, 7).Has)).Order());

    [Theory]
    [InlineData("17,42-44", new[] { 17, 42, 43, 44 })]
    [InlineData("3, 1-2,2", new[] { 1, 2, 3 })]
    public void Numbers_of_chunks_are_read(string text, int[] numbers) => Assert.Equal(numbers, ChunkNumbers.Parse(text, 50));

    [Theory]
    [InlineData("")]
    [InlineData("4-2")]
    [InlineData("1-2-3")]
    [InlineData("x")]
    [InlineData("7,50")]
    public void And_refused(string text) => Assert.Throws<OnnxEngineException>(() => ChunkNumbers.Parse(text, 50));

    [Fact]
    public void Numbers_are_written_as_they_are_read() => Assert.Equal("0,2-4,9", ChunkNumbers.Write([0, 2, 3, 4, 9]));

    static Func<string, string?> Lookup(string environment) =>
        environment.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=')).ToDictionary(p => p[0], p => p[1]).GetValueOrDefault;
}
