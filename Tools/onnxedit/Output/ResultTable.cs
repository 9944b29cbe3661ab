using Spectre.Console;

namespace OnnxEdit.Cli;

/// <summary>A table of results: the first column and any that are said to be words stand left, numbers right.</summary>
sealed class ResultTable
{
    readonly Table _table = new() { Border = TableBorder.Simple };

    /// <summary>Starts a table.</summary>
    /// <param name="headers">Column headers; one that begins with '&lt;' stands left.</param>
    internal ResultTable(params string[] headers)
    {
        for (var i = 0; i < headers.Length; i++)
        {
            var isLeft = i == 0 || headers[i].StartsWith('<');
            _table.AddColumn(new TableColumn(new Text(headers[i].TrimStart('<')))
            {
                Alignment = isLeft ? Justify.Left : Justify.Right,
                NoWrap = true,
            });
        }
    }

    /// <summary>Adds a row.</summary>
    internal ResultTable Row(params string[] cells)
    {
        _table.AddRow(cells.Select(cell => new Text(cell)));
        return this;
    }

    /// <summary>
    /// The table as lines of text, the same on a terminal and in a pipe. Lines are as long as they need to be: a cut
    /// number is worse than a line that the terminal folds.
    /// </summary>
    internal IEnumerable<string> Lines()
    {
        var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(text),
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        console.Profile.Width = 400;
        console.Profile.Capabilities.Unicode = true;
        console.Write(_table);
        return text.ToString().Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0);
    }
}
