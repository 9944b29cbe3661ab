using System.Globalization;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>The classes of a table's rows.</summary>
/// <param name="Numbers">Number of each row's class.</param>
/// <param name="Names">Names of the classes where the table has words or names its numbers; null: it has numbers.</param>
sealed record TextLabels(int[] Numbers, IReadOnlyList<string>? Names)
{
    /// <summary>Reads a column: numbers are classes as they are; words are numbered in ordinal order.</summary>
    /// <exception cref="OnnxEngineException">A row has no label or one that is no class, or words stand beside numbers (<see cref="ErrorKind.Data"/>).</exception>
    public static TextLabels Read(TextCells cells, int column)
    {
        var words = new string[cells.Rows];
        for (var row = 0; row < words.Length; row++)
        {
            words[row] = cells.Cell(row, column)?.Trim() ?? "";
            if (words[row].Length == 0) throw new OnnxEngineException(ErrorKind.Data, $"{cells.Place(row)} has no label; give it one or leave the row out.");
        }
        var numbers = Array.ConvertAll(words, Number);
        var named = Array.FindIndex(numbers, number => number is null);
        if (named < 0)
        {
            var names = cells.ClassNames(column);
            return new TextLabels([.. numbers.Select((number, row) => Class(number!.Value, names, cells, row))], names);
        }
        var numbered = Array.FindIndex(numbers, number => number is not null);
        if (numbered >= 0)
        {
            throw new OnnxEngineException(ErrorKind.Data,
                $"{cells.Place(named)} has the label '{words[named]}' where {Lower(cells.Place(numbered))} has the number {words[numbered]}; labels are all numbers or all words{TextTable.HeaderHint(cells, named)}.");
        }
        string[] sorted = [.. words.Distinct().Order(StringComparer.Ordinal)];
        return new TextLabels([.. words.Select(word => Array.BinarySearch(sorted, word, StringComparer.Ordinal))], sorted);
    }

    static int Class(long number, IReadOnlyList<string>? names, TextCells cells, int row) => number >= 0 && number < (names?.Count ?? int.MaxValue)
        ? (int)number : throw new OnnxEngineException(ErrorKind.Data, $"{cells.Place(row)} has the label {number}, which is no class; classes are counted from 0{(names is null ? "" : $" to {names.Count - 1}")}. Leave label out of DataOptions.Columns where there are none.");

    // 1.0 is what some programs write for 1.
    static long? Number(string word) => decimal.TryParse(word, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
        && number == decimal.Truncate(number) && Math.Abs(number) < long.MaxValue ? (long)number : null;

    static string Lower(string text) => char.ToLowerInvariant(text[0]) + text[1..];
}
