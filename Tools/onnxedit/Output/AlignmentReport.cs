using System.Globalization;
using OnnxEdit.Engine.Alignment;

namespace OnnxEdit.Cli;

/// <summary>Prints how time depends on the channel count on this machine.</summary>
static class AlignmentReport
{
    /// <summary>The table as JSON shows it.</summary>
    internal static object Fields(AlignmentTable table) => new
    {
        table.Cpu,
        table.Threads,
        table.Runtime,
        Convolution = table.MultipleFor(depthwise: false, matmul: false),
        Depthwise = table.MultipleFor(depthwise: true, matmul: false),
        MatMul = table.MultipleFor(depthwise: false, matmul: true),
        Rows = table.Rows.Select(row => new { Kind = row.Kind.ToString(), row.Channels, row.Milliseconds }),
    };

    internal static void Write(CliOutput output, AlignmentTable table)
    {
        var kinds = Enum.GetValues<AlignmentKind>();
        var rows = new ResultTable("channels", "3x3 ms", "1x1 ms", "depthwise ms", "MatMul ms");
        foreach (var same in table.Rows.GroupBy(row => row.Channels).OrderBy(same => same.Key))
            rows.Row([
                same.Key.ToString(CultureInfo.InvariantCulture),
                .. kinds.Select(kind => same.FirstOrDefault(row => row.Kind == kind) is { } row ? Figures.Milliseconds(row.Milliseconds) : "-")]);
        output.Table(rows);
        output.Line(
            $"Best multiples on {table.Cpu}, {table.Threads} threads: {table.MultipleFor(false, false)} for convolutions, "
            + $"{table.MultipleFor(true, false)} for depthwise, {table.MultipleFor(false, true)} for matrix products.");
    }
}
