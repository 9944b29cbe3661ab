using System.CommandLine;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>What a command needs to know about its call.</summary>
/// <param name="Parsed">The parsed command line, for the command's own options.</param>
/// <param name="Global">The options every command has.</param>
/// <param name="Output">Where results, notes and progress go.</param>
/// <param name="Cancellation">Set by Ctrl-C.</param>
sealed record CommandContext(ParseResult Parsed, GlobalOptions Global, CliOutput Output, CancellationToken Cancellation)
{
    /// <summary>The value of an option.</summary>
    internal T? Get<T>(Option<T> option) => Parsed.GetValue(option);

    /// <summary>The member of an enum that an option names; null where it is not given and has no default.</summary>
    internal T? Get<T>(WordOption<T> option) where T : struct, Enum => Parsed.GetValue(option) is { } word ? Words.Find<T>(word) : null;

    /// <summary>The values of an option that takes several, or null when it is not given (the parser says empty).</summary>
    internal T[]? GetList<T>(Option<T[]?> option) => Parsed.GetValue(option) is { Length: > 0 } values ? values : null;

    /// <summary>The value of an argument.</summary>
    internal T? Get<T>(Argument<T> argument) => Parsed.GetValue(argument);

    /// <summary>Loads a model, and says what loading put right.</summary>
    /// <exception cref="OnnxSurgeryException">It is not a usable model.</exception>
    internal OnnxModel Load(string path)
    {
        var model = OnnxModel.Load(path);
        foreach (var note in model.Notes) Output.Note(note);
        return model;
    }

    /// <summary>Writes an edited model, and says what its edit put right on the way.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">Where to.</param>
    /// <param name="cancellation">Ends the writing; nothing is left of it then.</param>
    internal void Save(OnnxModel model, string path, CancellationToken cancellation)
    {
        model.Save(path, Global.Force, cancellation);
        foreach (var note in model.Notes) Output.Note(note);
    }
}
