using System.Globalization;

namespace OnnxEdit.Fuzz;

/// <summary>The outcome of one mutant.</summary>
/// <param name="Number">Number of the mutant.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Milliseconds">How long it took.</param>
/// <param name="Message">What was said, in one line.</param>
sealed record Verdict(long Number, Outcome Outcome, long Milliseconds, string Message)
{
    /// <summary>True for what must not happen: a fault of ours, or native code that died.</summary>
    public bool IsFinding => Outcome > Outcome.Refused;

    /// <summary>True for a fault of ours.</summary>
    public bool IsFault => Outcome is Outcome.PoorMessage or Outcome.ManagedCrash or Outcome.Hang or Outcome.Memory;

    /// <summary>One line between worker and parent.</summary>
    public string ToLine() => string.Create(CultureInfo.InvariantCulture, $"{Number}\t{Outcome}\t{Milliseconds}\t{OneLine(Message)}");

    /// <summary>Reads what <see cref="ToLine"/> wrote.</summary>
    public static Verdict Parse(string line)
    {
        var parts = line.Split('\t', 4);
        return new(long.Parse(parts[0], CultureInfo.InvariantCulture), Enum.Parse<Outcome>(parts[1]), long.Parse(parts[2], CultureInfo.InvariantCulture), parts[3]);
    }

    static string OneLine(string text) =>
        new([.. (text.Length > 2000 ? text[..2000] : text).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c)]);
}
