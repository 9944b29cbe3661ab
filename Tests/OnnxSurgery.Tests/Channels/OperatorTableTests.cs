using System.Text.RegularExpressions;
using OnnxEdit.Surgery.Channels;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>The operators that docs/channels.md lists are those that have rules.</summary>
public partial class OperatorTableTests
{
    [Fact]
    public void Every_operator_with_a_rule_is_documented_under_its_kind_and_no_other()
    {
        var documented = File.ReadLines(Path.Combine(Repository.Root, "docs", "channels.md"))
            .SkipWhile(line => line != "## Supported operators").TakeWhile(line => line != "## How to add an operator")
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| kind", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .SelectMany(cells => Operator().Matches(cells[2]).Select(m => $"{cells[1]}: {m.Value}"));
        var known = ChannelRules.Operators.Select(o => $"{o.Kind}: {o}");
        Assert.Equal(known.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"(com\.microsoft\.)?[A-Z]\w+")]
    private static partial Regex Operator();
}
