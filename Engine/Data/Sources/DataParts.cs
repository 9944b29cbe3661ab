namespace OnnxEdit.Engine.Data.Sources;

/// <summary>What a format found at a path: parts, or one undivided whole.</summary>
sealed record DataParts
{
    /// <summary>The format, as a phrase for the reader, e.g. "CIFAR-10 binary files".</summary>
    internal required string Format { get; init; }

    /// <summary>The training part.</summary>
    internal DataSource? Train { get; init; }

    /// <summary>The test part.</summary>
    internal DataSource? Test { get; init; }

    /// <summary>Everything, when there are no parts.</summary>
    internal DataSource? Whole { get; init; }

    /// <summary>Class names by label.</summary>
    internal IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>A remark for the reader, or null.</summary>
    internal string? Note { get; init; }

    /// <summary>Sorts pixel files into parts by their names; files of no part count as training files if there are any, else as the whole.</summary>
    internal static DataParts FromFiles(string format, IReadOnlyList<string> files, IReadOnlyList<string>? names, Func<string, PixelSource> open)
    {
        PixelSource? Join(IEnumerable<string> paths) => paths.Select(open).ToList() is { Count: > 0 } sources ? PixelSource.Join(sources) : null;
        var test = files.Where(DataFiles.IsTest).ToList();
        var rest = files.Except(test).ToList();
        var parts = new DataParts { Format = format, ClassNames = names };
        return test.Count > 0 || rest.Any(DataFiles.IsTrain)
            ? parts with { Train = Join(rest), Test = Join(test) }
            : parts with { Whole = Join(rest) };
    }
}
