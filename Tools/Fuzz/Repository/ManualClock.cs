namespace OnnxEdit.Fuzz;

/// <summary>A clock that stands still until it is told to go on. It lies behind the real one: some systems show other times where a file's own lies ahead.</summary>
sealed class ManualClock : TimeProvider
{
    DateTimeOffset _now = System.GetUtcNow() - TimeSpan.FromDays(1);

    public override DateTimeOffset GetUtcNow() => _now;

    internal void Advance(TimeSpan time) => _now += time;
}
