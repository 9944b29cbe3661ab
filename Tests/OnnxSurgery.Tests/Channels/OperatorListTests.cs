using System.Text.RegularExpressions;
using OnnxEdit.Surgery.Channels;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class OperatorListTests
{
    [Fact]
    public void The_documented_operators_are_those_of_the_rule_table()
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, "docs", "coverage.md"));
        var list = text[text.IndexOf("<!-- operators -->", StringComparison.Ordinal)..text.IndexOf("<!-- /operators -->", StringComparison.Ordinal)];
        Assert.Equal(ChannelRules.Operators.Select(o => o.ToString()).Order(StringComparer.Ordinal), Regex.Matches(list, "`([\\w.]+)`").Select(m => m.Groups[1].Value));
    }
}
