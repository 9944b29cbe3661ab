using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Deployment.Gates;

/// <summary>All that can be required of a version before it is published.</summary>
static class DeploymentGates
{
    /// <summary>The rows; a new gate is one more. They are looked at in this order.</summary>
    public static Choices<GateRow> Table { get; } = new("gate", AccuracyGates.Least, AccuracyGates.MaxDrop, SpeedUpGate.Row);

    /// <summary>Checks that there is what the gates of the options are measured with.</summary>
    /// <exception cref="OnnxEngineException">No such gate, no images (<see cref="ErrorKind.Data"/>) or no active version (<see cref="ErrorKind.Usage"/>).</exception>
    public static void Require(DeployOptions options, bool hasActive, ItemSet? images)
    {
        GateRow[] asked = [.. options.Gates.Keys.Select(Table.Of)];
        if (images is null && (asked.Any(row => row.NeedsImages) || options.Required.Count > 0))
            throw new OnnxEngineException(ErrorKind.Data, "A metric is required and there are no labelled test items to measure it on; name them with DataOptions.Path or DataOptions.EvalPath.");
        if (!hasActive && asked.Any(row => row.NeedsActive))
            throw new OnnxEngineException(ErrorKind.Usage, $"There is no deployed version of '{options.Name}' to compare with; leave {string.Join(" and ", Table.Rows.Where(row => row.NeedsActive).Select(row => $"DeployOptions.Gates[{row.Name}]"))} away for the first one.");
    }

    static OnnxEngineException NotReached(string why) => new(ErrorKind.TargetNotReached, $"The model is not deployed: {why}.");

    /// <summary>Looks at the gates of the options.</summary>
    /// <exception cref="OnnxEngineException">One is missed (<see cref="ErrorKind.TargetNotReached"/>).</exception>
    public static void Pass(DeployOptions options, GateMeasurements measured)
    {
        foreach (var row in Table.Rows)
            if (options.Gates.TryGetValue(row.Name, out var limit) && row.Missed(measured, limit) is { } why)
                throw NotReached(why);
        foreach (var (metric, limit) in options.Required)
            if (AccuracyGates.Missed(measured, metric, limit) is { } why)
                throw NotReached(why);
    }
}
