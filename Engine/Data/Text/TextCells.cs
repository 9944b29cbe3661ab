namespace OnnxEdit.Engine.Data.Text;

/// <summary>Rows and columns of a file, before anything is known of what they mean.</summary>
abstract class TextCells
{
    /// <summary>Names of the columns; null: the file does not name them.</summary>
    public abstract IReadOnlyList<string>? Names { get; }

    /// <summary>Number of rows.</summary>
    public abstract int Rows { get; }

    /// <summary>Number of columns, the same in every row.</summary>
    public abstract int Columns { get; }

    /// <summary>What the reader should know of how the file was read; null: nothing.</summary>
    public virtual string? Said => null;

    /// <summary>A value as it is written; lists with blanks between their values; null: there is none.</summary>
    /// <exception cref="OnnxEngineException">It is neither text nor a number nor a list of them (<see cref="Surgery.ErrorKind.Data"/>).</exception>
    public abstract string? Cell(int row, int column);

    /// <summary>Names that the file gives the classes that a column numbers; null: it gives none.</summary>
    public virtual IReadOnlyList<string>? ClassNames(int column) => null;

    /// <summary>Where a row stands, at the beginning of a sentence, e.g. "Line 3 of 'a.csv'".</summary>
    public abstract string Place(int row);

    /// <summary>A number of columns in words.</summary>
    public static string Counted(int columns) => columns == 1 ? "1 column" : $"{columns} columns";
}
