using System.Globalization;
using OnnxEdit.Engine;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>Classes as the user names them.</summary>
static class ClassNames
{
    /// <summary>The model's output of a class given by number or name.</summary>
    /// <param name="text">What was given.</param>
    /// <param name="names">The data's names; null: it has none.</param>
    /// <exception cref="OnnxEngineException">No such class (<see cref="ErrorKind.Usage"/>).</exception>
    internal static int Find(string text, IReadOnlyList<string>? names)
    {
        // An exact name wins over a number.
        var at = names is null ? -1 : names.ToList().FindIndex(n => n.Equals(text, StringComparison.OrdinalIgnoreCase));
        if (at >= 0) return at;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
        throw new OnnxEngineException(ErrorKind.Usage, names is null
            ? $"There is no class '{text}': the data does not name its classes, so give the number of the model's output."
            : $"There is no class '{text}'; the data has {string.Join(", ", names.Take(20).Select(n => $"'{n}'"))}{(names.Count > 20 ? ", ..." : "")}.");
    }

    /// <summary>"5 (dog)", or just "5" where there is no name.</summary>
    internal static string Show(int @class, IReadOnlyList<string>? names) => names?.ElementAtOrDefault(@class) is { } name ? $"{@class} ({name})" : $"{@class}";
}
