namespace OnnxEdit.Engine;

/// <summary>Which numbers an option takes, and how that is said: <c>Bounds.Above(0).UpTo(1)</c> is "a number greater than 0 and at most 1".</summary>
sealed record Bounds
{
    double Lower { get; init; }

    bool TakesLower { get; init; }

    double? Upper { get; init; }

    bool TakesUpper { get; init; }

    /// <summary>Numbers greater than this one.</summary>
    internal static Bounds Above(double lower) => new() { Lower = lower };

    /// <summary>This number and greater ones.</summary>
    internal static Bounds From(double lower) => new() { Lower = lower, TakesLower = true };

    /// <summary>Of these, the ones less than this one.</summary>
    internal Bounds Below(double upper) => this with { Upper = upper, TakesUpper = false };

    /// <summary>Of these, this one and lesser ones.</summary>
    internal Bounds UpTo(double upper) => this with { Upper = upper, TakesUpper = true };

    /// <summary>Whether a number is one of them.</summary>
    internal bool Take(double number) =>
        (TakesLower ? number >= Lower : number > Lower) && (Upper is not { } upper || (TakesUpper ? number <= upper : number < upper));

    /// <inheritdoc/>
    public override string ToString() => (TakesLower, Upper, TakesUpper) switch
    {
        (false, null, _) => FormattableString.Invariant($"a number greater than {Lower}"),
        (true, null, _) => FormattableString.Invariant($"a number, {Lower} or more"),
        (false, { } upper, false) => FormattableString.Invariant($"a number greater than {Lower} and less than {upper}"),
        (false, { } upper, true) => FormattableString.Invariant($"a number greater than {Lower} and at most {upper}"),
        (true, { } upper, false) => FormattableString.Invariant($"a number from {Lower} to less than {upper}"),
        (true, { } upper, true) => FormattableString.Invariant($"a number from {Lower} to {upper}"),
    };
}
