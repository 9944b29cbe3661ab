namespace OnnxEdit.Fuzz;

/// <summary>A clock that stands still until it is told to go on.</summary>
sealed class ManualClock : TimeProvider
{
    DateTimeOffset _now = System.GetUtcNow();

    public override DateTimeOffset GetUtcNow() => _now;

    internal void Advance(TimeSpan time) => _now += time;
}
