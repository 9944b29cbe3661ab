using System.Globalization;
using System.Text;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>
/// Unicode's canonical forms. <see cref="string.Normalize()"/> returns text as it is where InvariantGlobalization is on, as it is here,
/// so the tables come with the library: unicode.txt beside this file.
/// </summary>
static class UnicodeForms
{
    // Hangul syllables are composed by a formula: 19 leading consonants, 21 vowels, 27 trailing consonants or none.
    const int Syllables = 0xAC00, Leading = 0x1100, Vowels = 0x1161, Trailing = 0x11A7, LeadingCount = 19, VowelCount = 21, TrailingCount = 28;
    const int SyllableCount = LeadingCount * VowelCount * TrailingCount;

    // Below it nothing is composed of anything, and up to the combining marks everything is composed already.
    const char FirstComposed = '\u00C0', FirstMark = '\u0300';

    static readonly Dictionary<int, int[]> _parts = [];
    static readonly Dictionary<int, int> _classes = [];
    static readonly Dictionary<(int, int), int> _composed = [];

    static UnicodeForms()
    {
        using var stream = typeof(UnicodeForms).Assembly.GetManifestResourceStream("unicode.txt")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (line[0] == '#') continue;
            if (line.Split('=') is [var character, var parts])
            {
                var (whole, decomposed) = (Number(character), Array.ConvertAll(parts.TrimEnd('!').Split(' '), Number));
                _parts.Add(whole, decomposed);
                if (decomposed.Length == 2 && !parts.EndsWith('!')) _composed.Add((decomposed[0], decomposed[1]), whole);
            }
            else if (line.Split('-', ':') is [var first, var last, var combining])
            {
                for (var point = Number(first); point <= Number(last); point++) _classes.Add(point, int.Parse(combining, CultureInfo.InvariantCulture));
            }
        }
        // What begins with a mark, or is one, is never composed.
        foreach (var (pair, whole) in _composed)
            if (Class(pair.Item1) != 0 || Class(whole) != 0) _composed.Remove(pair);
    }

    /// <summary>The text with every composed character as its parts (NFD).</summary>
    public static string Decompose(string text) => text.AsSpan().ContainsAnyExceptInRange('\0', (char)(FirstComposed - 1)) ? Text(Parts(text)) : text;

    /// <summary>The text with parts composed where there is a character for them (NFC).</summary>
    public static string Compose(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', (char)(FirstMark - 1))) return text;
        var points = Parts(text);
        var (starter, length, before) = (-1, 0, 0);
        foreach (var point in points.ToArray())
        {
            var own = Class(point);
            // A mark reaches its letter unless one of the same class, or no mark at all, stands between them.
            var isBlocked = length > starter + 1 && before >= own;
            if (starter >= 0 && !isBlocked && Composed(points[starter], point) is { } whole)
            {
                points[starter] = whole;
                continue;
            }
            if (own == 0) starter = length;
            before = own;
            points[length++] = point;
        }
        points.RemoveRange(length, points.Count - length);
        return Text(points);
    }

    static List<int> Parts(string text)
    {
        var points = new List<int>(text.Length + 8);
        foreach (var rune in text.EnumerateRunes()) Append(points, rune.Value);
        // Marks stand in the order of their classes; those of one class stay as they are.
        for (var at = 1; at < points.Count; at++)
            for (var back = at; back > 0 && Class(points[back]) is > 0 and var own && Class(points[back - 1]) > own; back--)
                (points[back], points[back - 1]) = (points[back - 1], points[back]);
        return points;
    }

    static void Append(List<int> points, int point)
    {
        if (point - Syllables is >= 0 and < SyllableCount and var syllable)
        {
            points.Add(Leading + syllable / (VowelCount * TrailingCount));
            points.Add(Vowels + syllable % (VowelCount * TrailingCount) / TrailingCount);
            if (syllable % TrailingCount > 0) points.Add(Trailing + syllable % TrailingCount);
        }
        else if (point >= FirstComposed && _parts.TryGetValue(point, out var parts))
        {
            foreach (var part in parts) Append(points, part);
        }
        else
        {
            points.Add(point);
        }
    }

    static int? Composed(int first, int second)
    {
        if (first - Leading is >= 0 and < LeadingCount and var leading && second - Vowels is >= 0 and < VowelCount and var vowel)
            return Syllables + (leading * VowelCount + vowel) * TrailingCount;
        if (first - Syllables is >= 0 and < SyllableCount and var syllable && syllable % TrailingCount == 0 && second - Trailing is > 0 and < TrailingCount and var trailing)
            return first + trailing;
        return _composed.TryGetValue((first, second), out var whole) ? whole : null;
    }

    static int Class(int point) => point < FirstMark ? 0 : _classes.GetValueOrDefault(point);

    static string Text(List<int> points)
    {
        var text = new StringBuilder(points.Count + 8);
        foreach (var point in points) text.Append(new Rune(point));
        return text.ToString();
    }

    static int Number(string hex) => int.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
