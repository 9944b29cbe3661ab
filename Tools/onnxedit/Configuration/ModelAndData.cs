using OnnxEdit.Engine;
using OnnxEdit.Engine.Attribution;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>A loaded model and the settled answer to where its data is and how it is read.</summary>
sealed record ModelAndData
{
    /// <summary>The model's path as the user knows it.</summary>
    internal required string Path { get; init; }

    /// <summary>The model.</summary>
    internal required OnnxModel Model { get; init; }

    /// <summary>The output that holds the logits; null: found by itself.</summary>
    internal string? Output { get; init; }

    /// <summary>How pixels become model inputs; null: not known.</summary>
    internal Preprocessing? Preprocessing { get; init; }

    /// <summary>The data; null: none is configured.</summary>
    internal string? DataPath { get; init; }

    /// <summary>Test data, where it is apart.</summary>
    internal string? EvalPath { get; init; }

    /// <summary>True when the only data given is to test on; nothing may be learned from it.</summary>
    internal bool IsEvalOnly { get; init; }

    /// <summary>Number of calibration images.</summary>
    internal int Calibration { get; init; }

    /// <summary>Whether training items are set aside to choose settings on; not where nothing is chosen by them.</summary>
    internal bool IsValidated { get; init; } = true;

    /// <summary>From labels in the data to model outputs; null: labels are outputs.</summary>
    internal IReadOnlyDictionary<int, int>? Labels { get; init; }

    /// <summary>Whether labels are to be believed that the model's predictions speak against.</summary>
    internal bool ForceLabels { get; init; }

    /// <summary>What the outputs mean; null: recognised.</summary>
    internal string? Task { get; init; }

    /// <summary>How a vector per token becomes one per item; null: as the task has it.</summary>
    internal string? Pooling { get; init; }

    /// <summary>The list of what the outputs stand for; null: there is none.</summary>
    internal string? Alphabet { get; init; }

    /// <summary>What the columns of a file of texts hold; null: as its header says.</summary>
    internal IReadOnlyList<string>? Columns { get; init; }

    /// <summary>The file that makes token ids; null: there is none.</summary>
    internal string? Tokenizer { get; init; }

    /// <summary>Seed of every draw.</summary>
    internal ulong Seed { get; init; }

    /// <summary>Whether any data is configured.</summary>
    internal bool HasData => DataPath is not null;

    /// <summary>How accuracy is measured on this model.</summary>
    internal EvaluationOptions Evaluation => new() { Output = Output, Task = Task, Pooling = Pooling, Alphabet = Alphabet, ForceLabels = ForceLabels, LabelMap = Labels };

    /// <summary>Sizes of what the model leaves open, by input name, -1 for the batch: those given, unless the command settles all.</summary>
    internal IReadOnlyDictionary<string, long[]>? InputShapes { get; init; }

    /// <summary>What the model takes, and whether it is a classifier.</summary>
    internal ModelSignature Signature => ModelSignature.Of(Model.Proto, Output, InputShapes);

    /// <summary>Refuses a model that is no classifier.</summary>
    /// <exception cref="OnnxEngineException">It is none (<see cref="ErrorKind.Model"/>).</exception>
    internal void RequireClassifier() => ClassifierSignature.Of(Model.Proto, Output);

    /// <summary>Refuses a model whose accuracy cannot be measured.</summary>
    /// <exception cref="OnnxEngineException">It is no classifier (<see cref="ErrorKind.Model"/>).</exception>
    internal void RequireMeasurable() => ClassifierSignature.Measured(Model.Proto, Output);

    /// <summary>Refuses a classifier that has no score for each class; language models and those of other tasks are explained by other answers.</summary>
    /// <exception cref="OnnxEngineException">It is one (<see cref="ErrorKind.Model"/>), or not of the task that was asked for.</exception>
    internal void RequireExplainable()
    {
        if (!ExplainedTask.IsLanguageModel(Model.Proto, Task) && ExplainedTask.Of(Model.Proto, Evaluation, null) is null) RequireClassifier();
    }

    /// <summary>The same with sizes for what a model leaves open when its inputs are made up, where none are given.</summary>
    internal ModelAndData WithSizes(CliOutput output)
    {
        var isRandom = DataPath?.StartsWith("random:", StringComparison.Ordinal) == true && Preprocessing?.Resize is null;
        if (!isRandom) return this;
        var found = OpenInputs.Find(Model.Proto, InputShapes);
        if (found.Note is { } note) output.Note(note);
        return this with { InputShapes = found.Shapes };
    }

    /// <summary>The same with a size for everything that the model leaves open: what is given, what the data has, else usual ones.</summary>
    internal ModelAndData WithSizes(CliOutput output, ModelData? data) =>
        this with { InputShapes = InputShapeOption.Complete(output, Model, InputShapes, data?.Test ?? data?.Train) };

    /// <summary>The options to open the data with.</summary>
    /// <param name="testOnly">For measuring only: nothing is set apart for training.</param>
    /// <param name="limit">Test images at most, drawn by the seed; null: all.</param>
    /// <exception cref="OnnxEngineException">No data is configured (<see cref="ErrorKind.Usage"/>).</exception>
    internal DataOptions DataOptions(bool testOnly = false, int? limit = null) => new()
    {
        Path = DataPath ?? throw new OnnxEngineException(
            ErrorKind.Usage, "No data is given; name it with --data PATH (once and for all: onnxedit init MODEL --data PATH)."),
        EvalPath = EvalPath,
        Preprocessing = Preprocessing,
        LabelMap = Labels,
        Calibration = Calibration,
        Seed = Seed,
        TestOnly = testOnly,
        TestLimit = limit,
        Columns = Columns,
        Tokenizer = Tokenizer,
        IsTextPerItem = ModelTasks.IsTextPerItem(TaskSubject.Of(Model.Proto, Evaluation)),
        Outputs = Signature.Classifier?.Classes,
        Validation = IsValidated ? Engine.Data.DataOptions.UsualValidation : 0,
    };

    /// <summary>Opens the data and tells the reader what was found.</summary>
    /// <inheritdoc cref="DataOptions"/>
    internal ModelData OpenData(CliOutput output, bool testOnly = false, int? limit = null)
    {
        var options = RandomTrial.Choose(Model, DataOptions(testOnly, limit), Signature);
        var data = TokenLimit.Open(Model, options, Signature);
        output.Note($"data: {data.Description}");
        if (Signature.Classifier?.IsBinary == true) output.Note("One score behind a Sigmoid: two classes, the second where it is above 0.5.");
        return data;
    }
}
