using System.CommandLine;
using System.CommandLine.Parsing;

namespace OnnxEdit.Cli;

/// <summary>Says in one sentence what is wrong with a command line, and what was probably meant.</summary>
static class ParseMistake
{
    /// <summary>The first mistake, or null when there is none.</summary>
    internal static string? In(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var help = $"onnxedit {string.Concat(Path(command).Select(name => $"{name} "))}--help";
        if (UnknownOption(parsed) is { } option)
            return $"There is no option '{option}'{Meant(option, OptionNames(parsed))}; see {help}.";
        if (parsed.Errors.Count == 0)
            return null;
        if (command is RootCommand && parsed.UnmatchedTokens.Count > 0)
            return $"There is no command '{parsed.UnmatchedTokens[0]}'{Meant(parsed.UnmatchedTokens[0], command.Subcommands.Select(each => each.Name))}; see {help}.";
        if (parsed.UnmatchedTokens.Count > 0)
            return $"'{parsed.UnmatchedTokens[0]}' is one argument too many; see {help}.";
        return $"{parsed.Errors[0].Message.TrimEnd('.')}; see {help}.";
    }

    // "coar", "eval": the words that name a command.
    static IEnumerable<string> Path(Command command) =>
        command is RootCommand ? [] : [.. command.Parents.OfType<Command>().SelectMany(Path), command.Name];

    /// <summary>The parser takes a mistyped option for an argument where one is still missing; a leading dash gives it away.</summary>
    static string? UnknownOption(ParseResult parsed)
    {
        var arguments = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens).Select(token => token.Value);
        return arguments.Concat(parsed.UnmatchedTokens).FirstOrDefault(text => text.Length > 1 && text[0] == '-')?.Split('=')[0];
    }

    static IEnumerable<string> OptionNames(ParseResult parsed)
    {
        for (SymbolResult? at = parsed.CommandResult; at is not null; at = at.Parent)
        {
            if (at is CommandResult level)
            {
                foreach (var option in level.Command.Options) yield return option.Name;
            }
        }
    }

    static string Meant(string typed, IEnumerable<string> known)
    {
        var nearest = known.Select(name => (Name: name, Distance: Distance(typed, name))).MinBy(candidate => candidate.Distance);
        return nearest.Name is not null && nearest.Distance <= Math.Max(2, typed.Length / 3) ? $" (did you mean '{nearest.Name}'?)" : "";
    }

    /// <summary>The number of letters to insert, delete or replace (Levenshtein).</summary>
    static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
                (row[j], diagonal) = (Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)), row[j]);
        }

        return row[^1];
    }
}
