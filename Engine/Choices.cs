using OnnxEdit.Surgery;

namespace OnnxEdit.Engine;

/// <summary>A row of a table that users choose from by name.</summary>
interface IChoice
{
    /// <summary>The word that users type, and that plans, histories, reports and JSON hold.</summary>
    string Name { get; }

    /// <summary>What the help of the option says of it; rows of which it says the same stand together. Null: nothing beside the name.</summary>
    string? Help { get; }

    /// <summary>What files of earlier versions call it, if not by its name.</summary>
    string? Formerly { get; }
}

/// <summary>
/// What users choose one of by name. A new one is a row here, with a file of its own where it has code of its own. Whatever
/// lists, reads or writes names looks here: options and their help, plans, histories, reports, benchmarks.
/// </summary>
/// <param name="what">What a row is, for messages, e.g. "score".</param>
/// <param name="rows">The rows, in the order of the help.</param>
sealed class Choices<TRow>(string what, params IReadOnlyList<TRow> rows) where TRow : class, IChoice
{
    /// <summary>The rows, in the order of the help.</summary>
    public IReadOnlyList<TRow> Rows { get; set; } = rows;

    /// <summary>Their names.</summary>
    public string[] Names => [.. Rows.Select(row => row.Name)];

    /// <summary>The row of a name, or of one that files of earlier versions hold; null: there is none.</summary>
    public TRow? Find(string name) => Rows.FirstOrDefault(row => row.Name == name) ?? Rows.FirstOrDefault(row => row.Formerly == name);

    /// <summary>The row of a name.</summary>
    /// <exception cref="OnnxEngineException">There is none (<see cref="ErrorKind.Usage"/>).</exception>
    public TRow Of(string name) => Rows.FirstOrDefault(row => row.Name == name) ?? throw new OnnxEngineException(ErrorKind.Usage, $"There is no {what} '{name}'; there are {string.Join(", ", Names)}.");

    /// <summary>The help of an option: a sentence, and what is to be said of rows, e.g. "patch: a neuron; the others: gradient steps".</summary>
    /// <param name="sentence">What holds for all; may be empty.</param>
    public string Explain(string sentence)
    {
        var groups = Rows.Where(row => row.Help is not null).GroupBy(row => row.Help!).ToArray();
        var isRest = groups.Count(group => group.Count() > 1) == 1 && Rows.All(row => row.Help is not null);
        var said = groups.OrderBy(group => isRest && group.Count() > 1)
            .Select(group => $"{(isRest && group.Count() > 1 ? "the others" : string.Join(", ", group.Select(row => row.Name)))}: {group.Key}");
        return string.Join("; ", sentence.Length > 0 ? said.Prepend(sentence) : said);
    }
}
