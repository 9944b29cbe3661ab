using Spectre.Console;
using Spectre.Console.Rendering;

namespace OnnxEdit.Cli;

/// <summary>A table of results: the first column and any that are said to be words stand left, numbers right.</summary>
sealed class ResultTable
{
    /// <summary>Columns are as wide as their contents up to this line length.</summary>
    internal const int Width = 240;

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

    internal IRenderable Render() => _table;
}
