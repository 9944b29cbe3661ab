using OnnxEdit.Surgery;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class ChoicesTests
{
    sealed record Row(string Name, string? Help = null, string? Formerly = null) : IChoice;

    static Choices<Row> Animals(params Row[] rows) => new("animal", rows);

    [Fact]
    public void A_row_is_found_by_its_name_and_in_files_by_its_former_one()
    {
        var table = Animals(new("cat"), new("big-dog", Formerly: "bigdog"));
        Assert.Equal(["cat", "big-dog"], table.Names);
        Assert.Equal("big-dog", table.Of("big-dog").Name);
        Assert.Equal("big-dog", table.Find("bigdog")!.Name);
        Assert.Null(table.Find("dog"));
        var error = Assert.Throws<OnnxEngineException>(() => table.Of("bigdog"));
        Assert.Equal((ErrorKind.Usage, "There is no animal 'bigdog'; there are cat, big-dog."), (error.Kind, error.Message));
    }

    [Fact]
    public void The_help_says_of_each_row_what_it_is_and_of_many_alike_what_they_share()
    {
        Assert.Equal("What runs", Animals(new("cat"), new("dog")).Explain("What runs"));
        Assert.Equal("ox: draws; the others: run", Animals(new("cat", "run"), new("dog", "run"), new("ox", "draws")).Explain(""));
        Assert.Equal("Pets; ox: draws", Animals(new("cat"), new("ox", "draws")).Explain("Pets"));
        Assert.Equal("cat, dog: run; ox, ass: draw", Animals(new("cat", "run"), new("dog", "run"), new("ox", "draw"), new("ass", "draw")).Explain(""));
    }
}
