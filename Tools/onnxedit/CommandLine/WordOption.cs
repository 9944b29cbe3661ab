using System.CommandLine;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>An option that takes one of the words of an enum.</summary>
sealed class WordOption<T> : Option<string?> where T : struct, Enum
{
    /// <summary>Declares the option.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">What holds where it is not given; null: nothing.</param>
    /// <param name="description">What it says.</param>
    internal WordOption(string name, T? value, string description) : base(name)
    {
        var words = Words.All<T>();
        Description = description;
        HelpName = string.Join('|', words);
        if (value is { } otherwise) DefaultValueFactory = _ => Words.Of(otherwise);
        CustomParser = result => Numbers.Word(result, words) ?? (value is { } known ? Words.Of(known) : null);
        CompletionSources.Add(words);
    }
}
