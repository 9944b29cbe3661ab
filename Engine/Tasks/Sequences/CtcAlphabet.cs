using System.Globalization;

namespace OnnxEdit.Engine.Tasks.Sequences;

/// <summary>The characters of a model that reads text by connectionist temporal classification: one class is blank, which parts repeated characters.</summary>
/// <param name="Symbols">What each class stands for; the blank for nothing.</param>
/// <param name="Blank">The class that is blank.</param>
/// <param name="Said">How the classes are laid out, for the reader.</param>
sealed record CtcAlphabet(IReadOnlyList<string> Symbols, int Blank, string Said)
{
    static readonly string[] _blanks = ["<blank>", "[blank]", "<blk>", "<ctc>", "[ctc]"];

    /// <summary>
    /// Lays out a list over classes. A list that names the blank says where it stands; else it is the first class, before those of the
    /// list. One class more than that is a space, the last, as PaddleOCR has it.
    /// </summary>
    /// <returns>Null where the numbers do not fit.</returns>
    public static CtcAlphabet? Fitting(SymbolList list, int classes)
    {
        var named = list.Names.ToList().FindIndex(name => _blanks.Contains(name, StringComparer.OrdinalIgnoreCase));
        List<string> symbols = [.. named < 0 ? list.Names.Prepend("") : list.Names];
        var hasSpace = symbols.Count == classes - 1;
        if (hasSpace) symbols.Add(" ");
        if (symbols.Count != classes) return null;
        var blank = Math.Max(0, named);
        symbols[blank] = "";
        return new CtcAlphabet(symbols, blank, $"blank is class {blank}{(hasSpace ? FormattableString.Invariant($", space class {classes - 1}") : "")}");
    }

    /// <summary>How many classes a list can stand for, as words.</summary>
    public static string Fits(SymbolList list)
    {
        var count = list.Names.Count + (list.Names.Any(name => _blanks.Contains(name, StringComparer.OrdinalIgnoreCase)) ? 0 : 1);
        return string.Create(CultureInfo.InvariantCulture, $"{count:N0} classes with a blank, or {count + 1:N0} with a space besides");
    }

    /// <summary>The classes that a path says: repeats are one, then blanks go.</summary>
    /// <param name="path">The class at each position.</param>
    public int[] Collapsed(ReadOnlySpan<int> path)
    {
        List<int> read = [];
        for (var i = 0; i < path.Length; i++)
            if (path[i] != Blank && (i == 0 || path[i] != path[i - 1])) read.Add(path[i]);
        return [.. read];
    }

    /// <summary>The string of classes.</summary>
    public string Text(IEnumerable<int> classes) => string.Concat(classes.Select(c => Symbols[c]));
}
