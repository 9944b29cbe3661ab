using System.Text.RegularExpressions;
using OnnxEdit.Surgery.Channels;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class OperatorListTests
{
    [Fact]
    public void The_documented_operators_are_those_of_the_rule_table()
    {
        var text = File.ReadAllText(Document());
        var list = text[text.IndexOf("<!-- operators -->", StringComparison.Ordinal)..text.IndexOf("<!-- /operators -->", StringComparison.Ordinal)];
        Assert.Equal(ChannelRules.Operators.Select(o => o.ToString()).Order(StringComparer.Ordinal), Regex.Matches(list, "`([\\w.]+)`").Select(m => m.Groups[1].Value));
    }

    static string Document()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Engine.sln"))) return Path.Combine(folder.FullName, "docs", "coverage.md");
        throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
