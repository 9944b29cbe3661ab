using System.Globalization;
using System.Text;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>What tokenizers do to a text before they split it, as Hugging Face's tokenizers define it.</summary>
static class Normalisers
{
    /// <summary>What BERT's does.</summary>
    /// <param name="cleans">Removes control characters and writes every white space as a blank.</param>
    /// <param name="parts">Puts blanks around Chinese characters.</param>
    /// <param name="strips">Takes accents off.</param>
    /// <param name="lowers">Writes in lower case.</param>
    public static Func<string, string> Bert(bool cleans, bool parts, bool strips, bool lowers) => text =>
    {
        if (cleans) text = Clean(text);
        if (parts) text = PartIdeographs(text);
        if (strips) text = StripMarks(UnicodeForms.Decompose(text));
        return lowers ? Lower(text) : text;
    };

    /// <summary>One after the other.</summary>
    public static Func<string, string> InTurn(IReadOnlyList<Func<string, string>> steps) => text => steps.Aggregate(text, (current, step) => step(current));

    /// <summary>Without marks that take no room, such as accents of decomposed characters.</summary>
    public static string StripMarks(string text) => Each(text, static (rune, to) =>
    {
        if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark) to.Append(rune);
    });

    /// <summary>Without any marks.</summary>
    public static string StripAllMarks(string text) => Each(text, static (rune, to) =>
    {
        if (Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark)) to.Append(rune);
    });

    /// <summary>In lower case, character by character.</summary>
    public static string Lower(string text) => Each(text, static (rune, to) =>
    {
        // The only character whose lower case is two.
        if (rune.Value == 0x130) to.Append("i\u0307");
        else to.Append(Rune.ToLowerInvariant(rune));
    });

    static string Clean(string text) => Each(text, static (rune, to) =>
    {
        if (rune.Value is '\t' or '\n' or '\r') to.Append(' ');
        else if (rune.Value is not (0 or 0xFFFD) && !IsControl(rune)) to.Append(Rune.IsWhiteSpace(rune) ? new Rune(' ') : rune);
    });

    static string PartIdeographs(string text) => Each(text, static (rune, to) =>
    {
        if (IsIdeograph(rune.Value)) to.Append(' ').Append(rune).Append(' ');
        else to.Append(rune);
    });

    static bool IsControl(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate;

    // The blocks of BERT's own code; Japanese and Korean letters are written with blanks or not, as any others.
    static bool IsIdeograph(int point) => point is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF or >= 0x20000 and <= 0x2A6DF or >= 0x2A700 and <= 0x2B73F
        or >= 0x2B740 and <= 0x2B81F or >= 0x2B920 and <= 0x2CEAF or >= 0xF900 and <= 0xFAFF or >= 0x2F800 and <= 0x2FA1F;

    static string Each(string text, Action<Rune, StringBuilder> write)
    {
        var to = new StringBuilder(text.Length + 8);
        foreach (var rune in text.EnumerateRunes()) write(rune, to);
        return to.ToString();
    }
}
