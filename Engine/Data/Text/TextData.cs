using System.Globalization;
using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>Reads files of texts for a model that takes token ids, with the tokenizer that belongs to it.</summary>
sealed class TextData
{
    readonly DataOptions _options;
    readonly IReadOnlyList<ModelInput> _inputs;
    readonly TokenLength _length;
    readonly List<string> _said = [];
    TextTokenizer? _tokenizer;
    IReadOnlyList<string>? _names;
    int _cut;

    public TextData(DataOptions options, IReadOnlyList<ModelInput> inputs)
    {
        (_options, _inputs) = (options, inputs);
        var own = inputs.FirstOrDefault(input => TokenInputs.IsIds(input.Name))?.Geometry.ItemShape;
        _length = new TokenLength { Fixed = own is [> 0 and var positions] ? positions : null, Most = options.MaxTokens };
    }

    /// <summary>Class names, where labels are words.</summary>
    public IReadOnlyList<string>? Names => _names;

    /// <summary>What the reader should know of the texts read so far.</summary>
    public IEnumerable<string> Said => _cut == 0 ? _said
        : _said.Append(string.Create(CultureInfo.InvariantCulture, $"{_cut:N0} item{(_cut == 1 ? "" : "s")} longer than {_length.Limit} tokens {(_cut == 1 ? "is" : "are")} cut to these"));

    /// <summary>Tokens of the longest text read so far; 0: no texts were read.</summary>
    public int Longest => _length.Longest;

    /// <summary>Opens files of texts; null where the path holds none or the model takes no token ids.</summary>
    /// <exception cref="OnnxEngineException">They are damaged, or there is no tokenizer (<see cref="ErrorKind.Data"/>).</exception>
    public DataParts? TryOpen(string path)
    {
        if (!_inputs.Any(input => TokenInputs.IsIds(input.Name))) return null;
        if (TextTable.IsTable(path) && !Path.Exists(path))
            throw new OnnxEngineException(ErrorKind.Data, $"There is no file or folder '{path}'; give DataOptions.Path an existing one.");
        string[] files = Path.Exists(path) ? DataFiles.Matching(path, IsText) : [];
        if (files.Length == 0) return null;
        if (_inputs.FirstOrDefault(input => !TokenInputs.IsSequence(input.Name) || input.Geometry.Rank != 1) is { } other)
            throw new OnnxEngineException(ErrorKind.Data, $"The model's input '{other.Name}' is neither token ids nor their mask, types or positions, so texts cannot be fed to it; give an .npz file with one array per input.");
        var test = files.Where(DataFiles.IsTest).ToArray();
        var rest = files.Except(test).ToArray();
        var isDivided = test.Length > 0 && rest.Length > 0;
        TextSource? Read(string[] part) => part.Length == 0 ? null : new TextSource([.. part.SelectMany(Rows)]);
        var parts = new DataParts { Format = files.Length == 1 ? $"texts of '{Path.GetFileName(files[0])}'" : "files of texts" };
        // The training part comes first: it says which classes there are.
        return isDivided ? parts with { Train = Read(rest), Test = Read(test), ClassNames = _names } : parts with { Whole = Read(files), ClassNames = _names };
    }

    /// <summary>The items of texts that were opened.</summary>
    public ItemSet Items(TextSource texts)
    {
        var isPaired = _options.IsTextPerItem && texts.Rows.Any(row => row.Second is not null);
        List<EncodedText> items = [];
        for (var number = 0; number < texts.Rows.Count; number++)
        {
            var row = texts.Rows[number];
            if (isPaired)
            {
                var target = row.Score is not null || row.Label >= 0 ? new PairTarget(number, row.Score ?? row.Label) : null;
                items.Add(Encode(row.First, null, -1, target));
                items.Add(Encode(row.Second ?? "", null, -1, target));
            }
            else items.Add(Encode(row.First, row.Second, texts.Label(number), Target(row)));
        }
        return new TextItemSet(items, _inputs, _length, Tokenizer.Padding, isPaired ? 2 : 1);
    }

    ItemTarget? Target(TextRow row) => row switch
    {
        { Tags: { } tags } => new TagsTarget(tags) { Positions = Tokenizer.Places(row.First, _length.Limit) },
        { Values: { } values } => new ValuesTarget(values),
        { Score: { } score } => new ValuesTarget([(float)score]),
        _ => null,
    };

    TextTokenizer Tokenizer => _tokenizer ??= OpenTokenizer();

    EncodedText Encode(string first, string? second, int label, ItemTarget? target)
    {
        var (ids, types) = Tokenizer.Encode(first, second, _length.Limit, out var isCut);
        _cut += isCut ? 1 : 0;
        _length.Grow(ids.Length);
        return new EncodedText(ids, types, label, target);
    }

    IEnumerable<TextRow> Rows(string path)
    {
        var table = TextTable.Open(path, _options.Columns);
        if (!_said.Contains(table.Said)) _said.Add(table.Said);
        if (table.ClassNames is not { } names) return table.Rows;
        _names ??= names;
        var unknown = names.FirstOrDefault(name => !_names.Contains(name));
        if (unknown is not null)
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' has the class '{unknown}', which the data read before has not ({string.Join(", ", _names)}).");
        var numbers = names.Select(name => _names.ToList().IndexOf(name)).ToArray();
        return table.Rows.Select(row => row.Label < 0 ? row : row with { Label = numbers[row.Label] });
    }

    TextTokenizer OpenTokenizer()
    {
        var path = _options.Tokenizer ?? throw new OnnxEngineException(ErrorKind.Data,
            "The data is text, and there is no vocab.txt or tokenizer.json beside the model to make token ids with; name one with DataOptions.Tokenizer.");
        var tokenizer = TextTokenizer.Open(path);
        var table = _inputs.First(input => TokenInputs.IsIds(input.Name)).Bound;
        if (table > 2 && tokenizer.Size > table)
            throw new OnnxEngineException(ErrorKind.Data, $"The tokenizer '{path}' has token ids up to {tokenizer.Size - 1}, and the model has {table} tokens; it belongs to another model.");
        // Tables are often filled up to a round number; one that is mostly unused is another model's.
        if (table > 2 && 4 * tokenizer.Size < table)
            throw new OnnxEngineException(ErrorKind.Data, $"The tokenizer '{path}' has {tokenizer.Size} tokens, and the model has {table}; it belongs to another model.");
        _said.Add(table > tokenizer.Size ? string.Create(CultureInfo.InvariantCulture, $"{tokenizer.Said}; the model has {table:N0}") : tokenizer.Said);
        return tokenizer;
    }

    static bool IsText(string name) => Path.GetExtension(name).ToLowerInvariant() is ".csv" or ".tsv" or ".jsonl" or ".parquet";
}

/// <summary>Rows of text.</summary>
/// <param name="rows">The rows.</param>
sealed class TextSource(IReadOnlyList<TextRow> rows) : DataSource
{
    /// <summary>The rows.</summary>
    public IReadOnlyList<TextRow> Rows => rows;

    internal override int Count => rows.Count;

    internal override int Label(int index) => rows[index].Label;
}
