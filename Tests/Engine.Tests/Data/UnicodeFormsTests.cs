using OnnxEdit.Engine.Data.Text;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class UnicodeFormsTests
{
    // Columns of Unicode's NormalizationTest.txt, by kind: a letter, its sign, two marks in the wrong order, Hangul, what is never composed.
    [Theory]
    [InlineData("\u00E9", "e\u0301", "\u00E9")]
    [InlineData("\u212B", "A\u030A", "\u00C5")]
    [InlineData("\u1E9B\u0323", "\u017F\u0323\u0307", "\u1E9B\u0323")]
    [InlineData("D\u0307\u0323", "D\u0323\u0307", "\u1E0C\u0307")]
    [InlineData("\uD55C", "\u1112\u1161\u11AB", "\uD55C")]
    [InlineData("\uD558\u11AB", "\u1112\u1161\u11AB", "\uD55C")]
    [InlineData("\u0958", "\u0915\u093C", "\u0915\u093C")]
    [InlineData("\u0344", "\u0308\u0301", "\u0308\u0301")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165", "\U0001D157\U0001D165")]
    [InlineData("a\u0301b\u0301\u0301", "a\u0301b\u0301\u0301", "\u00E1b\u0301\u0301")]
    [InlineData("plain", "plain", "plain")]
    public void Text_is_decomposed_and_composed(string text, string decomposed, string composed)
    {
        Assert.Equal(decomposed, UnicodeForms.Decompose(text));
        Assert.Equal(decomposed, UnicodeForms.Decompose(composed));
        Assert.Equal(composed, UnicodeForms.Compose(text));
        Assert.Equal(composed, UnicodeForms.Compose(decomposed));
    }
}
