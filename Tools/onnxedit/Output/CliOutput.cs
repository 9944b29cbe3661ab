using System.Text.Json;
using System.Text.Json.Nodes;
using OnnxEdit.Engine;
using Spectre.Console;

namespace OnnxEdit.Cli;

/// <summary>
/// Results go to stdout; notes, progress and errors go to stderr, so that results can be piped. Whatever the libraries say
/// is said here in the words of the command line (<see cref="OptionWords"/>).
/// </summary>
sealed class CliOutput
{
    static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    readonly GlobalOptions _global;
    readonly IAnsiConsole _error = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    internal CliOutput(GlobalOptions global) => _global = global;

    /// <summary>Prints a line of the result.</summary>
    internal void Line(string text = "") => Console.Out.WriteLine(OptionWords.In(text));

    /// <summary>Prints a table of the result.</summary>
    internal void Table(ResultTable table)
    {
        foreach (var line in table.Lines()) Line(line);
    }

    /// <summary>Prints the result as JSON with its schema, "onnxedit.NAME/VERSION", as the first property.</summary>
    internal void Json(string name, int version, object result)
    {
        var fields = JsonSerializer.SerializeToNode(result, _json)!.AsObject();
        var document = new JsonObject { ["schema"] = $"onnxedit.{name}/{version}" };
        foreach (var (key, value) in fields.ToArray())
        {
            fields.Remove(key);
            document[key] = value;
        }

        Line(document.ToJsonString(_json));
    }

    /// <summary>Tells the reader something on stderr, unless --quiet.</summary>
    internal void Note(string text)
    {
        if (!_global.Quiet) Console.Error.WriteLine(OptionWords.In(text));
    }

    /// <summary>The same, only with --verbose.</summary>
    internal void Detail(string text)
    {
        if (_global.Verbose) Note(text);
    }

    /// <summary>Warns on stderr, also with --quiet.</summary>
    internal void Warn(string text) => Marked("warning", Color.Yellow, text);

    /// <summary>Reports the error that ends the program.</summary>
    internal void Error(string text) => Marked("error", Color.Red, text);

    /// <summary>Prints an exception with its stack trace.</summary>
    internal void Trace(Exception exception) => Console.Error.WriteLine(exception);

    /// <summary>Does long work and shows how far it is: bars on a terminal, a line now and then elsewhere.</summary>
    internal T Track<T>(Func<IProgress<WorkProgress>, T> work)
    {
        if (_global.Quiet)
            return work(new SilentProgress());
        if (Console.IsErrorRedirected || !_error.Profile.Capabilities.Ansi)
        {
            using var lines = new ProgressLines(Note);
            return work(lines);
        }
        return _error.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context => work(new ProgressBars(context)));
    }

    void Marked(string word, Color color, string text)
    {
        _error.Write(new Text(word, new Style(color)));
        Console.Error.WriteLine($": {OptionWords.In(text)}");
    }
}
