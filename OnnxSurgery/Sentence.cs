namespace OnnxEdit.Surgery;

/// <summary>
/// Text of error messages. Names in a model may hold line breaks, terminal escapes or a hundred thousand characters;
/// a message that quotes them is still one line that can be read.
/// </summary>
static class Sentence
{
    const int Longest = 1000;

    /// <summary>The text without control characters, its middle left out where it is very long, with a full stop at the end.</summary>
    public static string Of(string text)
    {
        if (text.Length > Longest) text = $"{text[..(Longest / 2)]} ... {text[^(Longest / 2)..]}";
        if (text.Any(IsUnprintable)) text = string.Concat(text.Select(c => IsUnprintable(c) ? ' ' : c));
        text = text.TrimEnd();
        return text.Length == 0 || text[^1] is '.' or ')' or '!' or '?' ? text : text + ".";
    }

    // Besides control characters those that turn the direction of writing around.
    static bool IsUnprintable(char c) => char.IsControl(c) || c is '\u2028' or '\u2029' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}
