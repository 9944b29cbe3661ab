using OnnxEdit.Engine.Runtime;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class AllOrNoneTests
{
    sealed class Thing(int number, List<int> gone) : IDisposable
    {
        internal int Number => number;

        public void Dispose() => gone.Add(number);
    }

    [Fact]
    public void All_are_made_in_order_and_live()
    {
        List<int> gone = [];
        Assert.Equal([0, 1, 2], AllOrNone.Make(3, i => new Thing(i, gone)).Select(thing => thing.Number));
        Assert.Empty(gone);
    }

    [Fact]
    public void When_one_fails_those_before_it_are_disposed_of_and_the_rest_is_not_made()
    {
        List<int> gone = [], asked = [];
        var error = Assert.Throws<FormatException>(() => AllOrNone.Make(4, i =>
        {
            asked.Add(i);
            return i < 2 ? new Thing(i, gone) : throw new FormatException("the third");
        }));
        Assert.Equal("the third", error.Message);
        Assert.Equal([0, 1, 2], asked);
        Assert.Equal([0, 1], gone);
    }

    [Fact]
    public void A_thing_that_cannot_be_prepared_is_disposed_of()
    {
        List<int> gone = [];
        Assert.Equal(5, AllOrNone.Prepare(new Thing(5, gone), _ => { }).Number);
        Assert.Empty(gone);
        Assert.Throws<FormatException>(() => AllOrNone.Prepare(new Thing(6, gone), _ => throw new FormatException()));
        Assert.Equal([6], gone);
    }
}
