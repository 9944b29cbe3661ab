using System.Globalization;
using System.Text.Json.Nodes;
using OnnxEdit.Engine.Data.Arrays;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Attribution;

/// <summary>
/// What every component contributes to the answer of every example: under a mask m the answer is predicted to be
/// base + sum over components of score x m. A component with a positive score helps the example.
/// </summary>
public sealed class Attributions
{
    /// <summary>Version of the file's contents.</summary>
    public const string Schema = "onnxedit.attributions/1";

    /// <summary>Names of the components.</summary>
    public required IReadOnlyList<string> Components { get; init; }

    /// <summary>Scores, [examples][components].</summary>
    public required IReadOnlyList<float[]> Scores { get; init; }

    /// <summary>Standard errors of the scores, [examples][components].</summary>
    public required IReadOnlyList<float[]> StandardErrors { get; init; }

    /// <summary>The answer predicted with all components ablated, [examples].</summary>
    public required IReadOnlyList<float> Base { get; init; }

    /// <summary>Answers of the network as it is, [examples].</summary>
    public required IReadOnlyList<float> Answers { get; init; }

    /// <summary>Classes of the examples, -1 for none.</summary>
    public required IReadOnlyList<int> Labels { get; init; }

    /// <summary>How they were made: model, data, options, cost; sorted by key.</summary>
    public required IReadOnlyDictionary<string, string> Facts { get; init; }

    /// <summary>Writes a .safetensors file: scores, standard_errors, base, answers, labels, and a manifest in its metadata.</summary>
    /// <param name="path">The file.</param>
    /// <param name="overwrite">Whether one that is there may be replaced.</param>
    public void Save(string path, bool overwrite)
    {
        var (n, d) = (Scores.Count, Components.Count);
        var file = new SafeTensors();
        file.Tensors["scores"] = ([n, d], Scores.SelectMany(r => r).ToArray());
        file.Tensors["standard_errors"] = ([n, d], StandardErrors.SelectMany(r => r).ToArray());
        file.Tensors["base"] = ([n], Base.ToArray());
        file.Tensors["answers"] = ([n], Answers.ToArray());
        file.Tensors["labels"] = ([n], Labels.Select(l => (float)l).ToArray());
        file.Metadata["schema"] = Schema;
        file.Metadata["components"] = new JsonArray([.. Components.Select(c => JsonValue.Create(c))]).ToJsonString();
        foreach (var (key, value) in Facts) file.Metadata[key] = value;
        file.Save(path, overwrite);
    }

    /// <summary>Reads such a file.</summary>
    /// <exception cref="OnnxEngineException">It is none, or damaged (<see cref="ErrorKind.Data"/>).</exception>
    public static Attributions Load(string path)
    {
        var file = SafeTensors.Load(path);
        if (file.Metadata.GetValueOrDefault("schema") != Schema)
            throw new OnnxEngineException(ErrorKind.Data, $"'{path}' holds no attributions of this version ({Schema}).");
        var names = JsonNode.Parse(file.Metadata["components"])!.AsArray().Select(c => c!.GetValue<string>()).ToArray();
        var answers = Tensor(file, path, "answers", 1);
        return new Attributions
        {
            Components = names,
            Scores = Rows(Tensor(file, path, "scores", names.Length * answers.Length), names.Length),
            StandardErrors = Rows(Tensor(file, path, "standard_errors", names.Length * answers.Length), names.Length),
            Base = Tensor(file, path, "base", answers.Length),
            Answers = answers,
            Labels = [.. Tensor(file, path, "labels", answers.Length).Select(l => (int)l)],
            Facts = file.Metadata.Where(m => m.Key is not ("schema" or "components")).ToDictionary(),
        };
    }

    /// <summary>Predicted answers under a mask.</summary>
    /// <param name="example">The example.</param>
    /// <param name="ablated">Components that the mask ablates.</param>
    public double Predict(int example, IReadOnlyList<int> ablated)
    {
        double sum = Base[example];
        foreach (var score in Scores[example]) sum += score;
        foreach (var j in ablated) sum -= Scores[example][j];
        return sum;
    }

    /// <summary>The same with further facts.</summary>
    public Attributions WithFacts(IReadOnlyDictionary<string, string> facts) => new()
    {
        Components = Components,
        Scores = Scores,
        StandardErrors = StandardErrors,
        Base = Base,
        Answers = Answers,
        Labels = Labels,
        Facts = new SortedDictionary<string, string>(Facts.Concat(facts).ToDictionary(), StringComparer.Ordinal),
    };

    /// <summary>The options that they were made with.</summary>
    /// <param name="model">The model at hand.</param>
    /// <param name="output">Which output holds its logits, or null.</param>
    /// <exception cref="OnnxEngineException">They are of another model (<see cref="ErrorKind.Data"/>), or facts are missing.</exception>
    public AttributionOptions Options(OnnxModel model, string? output)
    {
        if (Fact("model_sha256") != model.Sha256)
            throw new OnnxEngineException(ErrorKind.Data, "The attributions are of another model than the one given; name the model they were made from.");
        return new AttributionOptions
        {
            Components = Word<ComponentKinds>("kinds"),
            Shortcuts = Fact("shortcuts") == "true",
            Ablation = Word<AblationKind>("ablation"),
            // Of other tasks the answer is the task's own.
            Answer = Task is null ? Word<AnswerKind>("answer") : AnswerKind.Margin,
            Alpha = double.Parse(Fact("alpha"), CultureInfo.InvariantCulture),
            Seed = ulong.Parse(Fact("seed"), CultureInfo.InvariantCulture),
            Output = output,
            Task = Task,
            Pooling = Facts.GetValueOrDefault("pooling"),
        };
    }

    /// <summary>The task whose own answers they are of; null for classes of a classifier and words of a language model.</summary>
    internal string? Task => Facts.GetValueOrDefault("task");

    T Word<T>(string key) where T : struct, Enum => Words.FindWritten<T>(Fact(key))
        ?? throw new OnnxEngineException(ErrorKind.Data, $"The file of attributions says '{key}' is '{Fact(key)}', which is none of {string.Join(", ", Words.All<T>())}.");

    string Fact(string key) => Facts.GetValueOrDefault(key) ?? throw new OnnxEngineException(ErrorKind.Data, $"The file of attributions does not say '{key}'; it was not written by onnxedit.");

    static float[] Tensor(SafeTensors file, string path, string name, int length) =>
        file.Tensors.TryGetValue(name, out var t) && t.Values is float[] values && (values.Length == length || name == "answers")
            ? values
            : throw new OnnxEngineException(ErrorKind.Data, $"'{path}' holds no tensor '{name}' of the right size.");

    static float[][] Rows(float[] values, int length) => [.. values.Chunk(length)];
}
