using OnnxEdit.Fuzz;
using Xunit;

namespace OnnxEdit.Serving.Tests;

public sealed class FuzzTests
{
    [Fact]
    public async Task Mutated_requests_are_answered_and_leave_the_server_healthy()
    {
        var outcome = await ServeFuzz.RunAsync(150, seed: 1);
        Assert.True(outcome.Faults.Count == 0, string.Join('\n', outcome.Faults));
        Assert.True(outcome.IsHealthy);
        Assert.True(outcome.Statuses.GetValueOrDefault(200) > 0 && outcome.Statuses.GetValueOrDefault(400) > 0, string.Join(", ", outcome.Statuses));
    }

    [Fact]
    public async Task A_repository_that_others_write_is_served_as_its_files_say()
    {
        var faults = await RepositoryFuzz.RunAsync(first: 0, count: 300, seed: 1);
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }
}
