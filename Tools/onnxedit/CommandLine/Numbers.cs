using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using OnnxEdit.Engine;

namespace OnnxEdit.Cli;

/// <summary>Options that take numbers or words from a list, with errors that say what would be right.</summary>
static class Numbers
{
    /// <summary>A whole number in a range.</summary>
    /// <param name="name">Name of the option.</param>
    /// <param name="minimum">The least that it may be.</param>
    /// <param name="maximum">The most.</param>
    /// <param name="value">What it is when neither the option nor the variable is there.</param>
    /// <param name="description">What help says.</param>
    /// <param name="variable">Name of an environment variable that stands for the option where it is not given.</param>
    internal static Option<int> Whole(string name, int minimum, int maximum, int value, string description, string? variable = null)
    {
        var wanted = maximum == int.MaxValue ? $"a whole number, {minimum} or more" : $"a whole number from {minimum} to {maximum}";
        return new(name)
        {
            Description = description,
            HelpName = "N",
            DefaultValueFactory = result =>
            {
                if (variable is null || Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } text) return value;
                if (Read(text) is { } number) return number;
                result.AddError($"The environment variable {variable} is '{text}'; it must be {wanted}.");
                return value;
            },
            CustomParser = result => Parse(result, Read, wanted, value),
        };

        int? Read(string text) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= minimum && number <= maximum ? number : null;
    }

    /// <summary>A whole number in a range, or nothing.</summary>
    internal static Option<int?> OptionalWhole(string name, int minimum, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => Parse<int>(
            result,
            text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= minimum ? number : null,
            $"a whole number, {minimum} or more",
            minimum),
    };

    /// <summary>A number within bounds.</summary>
    internal static Option<double> Real(string name, Bounds bounds, double value, string description, string help = "X") => new(name)
    {
        Description = description,
        HelpName = help,
        DefaultValueFactory = _ => value,
        CustomParser = result => Parse(result, text => Number(text) is { } number && bounds.Take(number) ? number : null, bounds.ToString(), value),
    };

    /// <summary>A number within bounds, or nothing.</summary>
    internal static Option<double?> OptionalReal(string name, Bounds bounds, string description) => new(name)
    {
        Description = description,
        HelpName = "X",
        CustomParser = result => Parse<double>(result, text => Number(text) is { } number && bounds.Take(number) ? number : null, bounds.ToString(), 0),
    };

    /// <summary>A number greater than zero.</summary>
    internal static Option<double> Positive(string name, double value, string description) => Real(name, Bounds.Above(0), value, description);

    /// <summary>A number greater than zero, or nothing.</summary>
    internal static Option<double?> OptionalPositive(string name, string description) => OptionalReal(name, Bounds.Above(0), description);

    /// <summary>A number from 0 to less than 1.</summary>
    internal static Option<double> Share(string name, double value, string description) => Real(name, Bounds.From(0).Below(1), value, description);

    /// <summary>A time such as 90s, 5m or 1.5h, or nothing.</summary>
    internal static Option<TimeSpan?> OptionalTime(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result => Parse<TimeSpan>(result, Time, "a time such as 90s, 5m or 1h", TimeSpan.Zero),
    };

    /// <summary>Reads a time such as 90s, 5m or 1.5h; null for anything else.</summary>
    internal static TimeSpan? Time(string text) =>
        text.Length > 1 && Number(text[..^1]) is { } number && number is > 0 and < 1e6 ? text[^1] switch
        {
            's' => TimeSpan.FromSeconds(number),
            'm' => TimeSpan.FromMinutes(number),
            'h' => TimeSpan.FromHours(number),
            _ => null,
        } : null;

    /// <summary>A number or a fraction such as 1/255.</summary>
    internal static Option<float?> OptionalFraction(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "X",
        CustomParser = result => Parse<float>(
            result,
            text => text.Split('/') is [var above, var below] && Number(above) is { } a && Number(below) is { } b && b != 0 ? (float)(a / b)
                : Number(text) is { } number ? (float)number : null,
            "a number or a fraction such as 1/255",
            1),
    };

    /// <summary>Numbers with commas between them.</summary>
    internal static Option<float[]?> Floats(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "X,...",
        CustomParser = result => List<float>(result, text => Number(text) is { } number ? (float)number : null, "numbers with commas between them, e.g. .485,.456,.406"),
    };

    /// <summary>Whole numbers, 1 or more, with a separator between them.</summary>
    internal static Option<int[]?> Sizes(string name, char separator, string example, string description) => new(name)
    {
        Description = description,
        HelpName = example,
        CustomParser = result => List<int>(
            result,
            text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null,
            $"whole numbers written like {example}",
            separator),
    };

    /// <summary>One of a few words.</summary>
    internal static Option<string> OneOf(string name, string[] words, string value, string description) => Completed(words, new Option<string>(name)
    {
        Description = description,
        HelpName = string.Join('|', words),
        DefaultValueFactory = _ => value,
        CustomParser = result => Word(result, words) ?? value,
    });

    /// <summary>One of the names of a table.</summary>
    internal static Option<string> OneOf<TRow>(string name, Choices<TRow> table, string value, string description) where TRow : class, IChoice =>
        OneOf(name, table.Names, value, table.Explain(description));

    /// <summary>One of the names of a table, or nothing.</summary>
    internal static Option<string?> OptionalOneOf<TRow>(string name, Choices<TRow> table, string description) where TRow : class, IChoice => OptionalOneOf(name, table.Names, table.Explain(description));

    /// <summary>One of a few words, or nothing.</summary>
    internal static Option<string?> OptionalOneOf(string name, string[] words, string description) => Completed(words, new Option<string?>(name)
    {
        Description = description,
        HelpName = string.Join('|', words),
        CustomParser = result => Word(result, words),
    });

    static Option<T> Completed<T>(string[] words, Option<T> option)
    {
        option.CompletionSources.Add(words);
        return option;
    }

    /// <summary>The --seed option.</summary>
    internal static Option<ulong> Seed() => new("--seed")
    {
        Description = "Seed of every random draw",
        HelpName = "N",
        DefaultValueFactory = _ => 0,
        CustomParser = result => Parse(
            result,
            text => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null,
            "a whole number, 0 or more",
            0ul),
    };

    static T Parse<T>(ArgumentResult result, Func<string, T?> read, string expected, T otherwise) where T : struct
    {
        var text = result.Tokens[^1].Value;
        if (read(text) is { } value) return value;
        Refuse(result, expected, text);
        return otherwise;
    }

    static T[]? List<T>(ArgumentResult result, Func<string, T?> read, string expected, char separator = ',') where T : struct
    {
        var text = result.Tokens[^1].Value;
        var values = text.Split(separator).Select(part => read(part.Trim())).ToArray();
        if (values.All(value => value is not null)) return [.. values.Select(value => value!.Value)];
        Refuse(result, expected, text);
        return null;
    }

    /// <summary>The word given, if it is one of these; else what is wrong is said and nothing returned.</summary>
    internal static string? Word(ArgumentResult result, string[] words)
    {
        var text = result.Tokens[^1].Value;
        if (words.Contains(text)) return text;
        Refuse(result, string.Join(" or ", words), text);
        return null;
    }

    static void Refuse(ArgumentResult result, string expected, string text) =>
        result.AddError($"{(result.Parent as OptionResult)?.Option.Name ?? result.Argument.Name} takes {expected}, not '{text}'.");

    static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;
}
