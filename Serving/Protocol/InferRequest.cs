using OnnxEdit.Engine.Deployment;

namespace OnnxEdit.Serving;

/// <summary>A request for an answer, whichever way it came.</summary>
sealed record InferRequest
{
    /// <summary>What the caller calls it; sent back.</summary>
    internal string? Id { get; init; }

    internal IReadOnlyList<TensorValue> Inputs { get; init; } = [];

    /// <summary>Outputs asked for; empty: all.</summary>
    internal IReadOnlyList<RequestedOutput> Outputs { get; init; } = [];

    /// <summary>Whether outputs are sent as bytes where they do not say otherwise.</summary>
    internal bool IsBinary { get; init; }

    /// <summary>Time it may take; null: the server's.</summary>
    internal TimeSpan? Timeout { get; init; }

    /// <summary>Reads a number of microseconds, as the protocol's parameter "timeout" has it.</summary>
    internal static TimeSpan Microseconds(long value) => value is > 0 and <= 86_400_000_000
        ? TimeSpan.FromMicroseconds(value)
        : throw RequestRefused.Bad($"The parameter 'timeout' takes microseconds from 1 to a day, not {value}.");

    /// <summary>Checks a shape that a caller sent.</summary>
    internal static long Elements(string name, long[] shape)
    {
        try
        {
            if (Array.Find(shape, extent => extent < 0) is var negative && negative < 0)
                throw RequestRefused.Bad($"The shape of '{name}' has the negative extent {negative}.");
            return TensorValue.Count(shape);
        }
        catch (OverflowException)
        {
            throw RequestRefused.Bad($"The shape of '{name}' has more elements than can be counted.");
        }
    }
}
