using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks.Metrics;
using OnnxEdit.Engine.Tasks.OwnAnswers;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Tasks.Kinds;

/// <summary>Numbers as they are, and any model whose outputs nothing else can be said of.</summary>
sealed class RegressionTask : ModelTask
{
    /// <inheritdoc/>
    public override string Name => "regression";

    /// <inheritdoc/>
    public override string? Help => "R2, or relative error per output; for any model";

    // What its items are is not known.
    /// <inheritdoc/>
    public override bool HasViews => false;

    /// <inheritdoc/>
    public override string? Obstacle(TaskSubject subject) => null;

    /// <inheritdoc/>
    public override bool IsLabelled(ItemSet items) => items.Count > 0 && items.Target(0) is ValuesTarget;

    /// <inheritdoc/>
    public override (IReadOnlyList<string> Tensors, string Said) Reads(TaskSubject subject)
    {
        string[] names = [.. Outputs(subject).Select(output => output.Name)];
        return (names, names.Length == 0 ? "nothing: no output is a tensor that the model computes" : string.Join(", ", names.Select(name => $"'{name}'")));
    }

    /// <inheritdoc/>
    public override TaskAnswer Answer(TaskSubject subject) => Outputs(subject) switch
    {
        [{ IsFloat: true } only] => only.Shape.Count > 0 && only.Shape.Skip(1).All(extent => extent == 1) ? WeightedAnswer.Value(only.Name) : WeightedAnswer.Similarity($"'{only.Name}'", only.Name),
        [var only] => throw new OnnxEngineException(ErrorKind.Model, $"'{only.Name}' holds whole numbers, which have no gradient; name what they are made from with EvaluationOptions.Output."),
        [] => throw new OnnxEngineException(ErrorKind.Model, "The model computes no tensor that could be explained."),
        var several => throw new OnnxEngineException(ErrorKind.Usage,
            $"The model has several outputs ({string.Join(", ", several.Select(output => $"'{output.Name}'"))}), and one of them can be explained; name it with EvaluationOptions.Output."),
    };

    /// <inheritdoc/>
    public override LabelledMeter Measure(TaskSubject subject, ItemSet items) => Outputs(subject) switch
    {
        [var only] => new Labelled(only.Name, items),
        [] => throw new OnnxEngineException(ErrorKind.Model, "The model computes no tensor that numbers could be compared with."),
        var several => throw new OnnxEngineException(ErrorKind.Usage,
            $"The labels are the numbers of one output, and the model has several ({string.Join(", ", several.Select(output => $"'{output.Name}'"))}); name the right one with EvaluationOptions.Output."),
    };

    /// <inheritdoc/>
    public override AgreementMeter Agree(TaskSubject subject, ItemSet items) => new Agreement(Outputs(subject), items.Count);

    // Outputs that nodes make and that hold numbers.
    static IReadOnlyList<DeclaredTensor> Outputs(TaskSubject subject) => subject.Named is { } named ? [named]
        : [.. subject.Outputs.Where(output => subject.Index.Producer(output.Name) is not null && output.Type is not (TensorProto.Types.DataType.Undefined or TensorProto.Types.DataType.String))];

    sealed class Labelled(string output, ItemSet items) : LabelledMeter
    {
        readonly NumberErrors _errors = new(items.Count);

        public override void Add(int item, IReadOnlyList<ItemOutput> outputs)
        {
            var (wanted, found) = (((ValuesTarget)items.Target(item)!).Values, outputs[0].Values);
            if (wanted.Count != found.Length)
                throw new OnnxEngineException(ErrorKind.Data, $"Item {item} is labelled with {Counted(wanted.Count)}, but the output '{output}' holds {found.Length} for it; give as many, or name another output with EvaluationOptions.Output.");
            _errors.Add(item, wanted, found);
        }

        public override IReadOnlyList<MetricValue> Complete()
        {
            var r2 = ExplainedVariance.Of([.. Enumerable.Range(0, items.Count).Select(item => ((ValuesTarget)items.Target(item)!).Values)], _errors.Squared);
            return r2 is null ? [_errors.Mean] : [r2, _errors.Mean];
        }

        static string Counted(int count) => count == 1 ? "1 number" : $"{count} numbers";
    }

    sealed class Agreement(IReadOnlyList<DeclaredTensor> outputs, int items) : AgreementMeter
    {
        readonly RelativeErrors[] _errors = [.. outputs.Select(output => new RelativeErrors(items, output.IsFloat))];

        public override void Add(int item, IReadOnlyList<ItemOutput> original, IReadOnlyList<ItemOutput> edited)
        {
            for (var o = 0; o < _errors.Length; o++) _errors[o].Add(item, original[o].Values, edited[o].Values);
        }

        // Of several outputs the worst stands for all, so that there is a first figure of the same meaning for any two models.
        public override IReadOnlyList<MetricValue> Complete()
        {
            if (_errors is [var only]) return [only.Metric("error")];
            MetricValue[] each = [.. _errors.Zip(outputs, (errors, output) => errors.Metric($"error:{output.Name}"))];
            return each.Length == 0 ? [] : [each.MaxBy(metric => double.IsNaN(metric.Value) ? double.PositiveInfinity : metric.Value)! with { Name = "error" }, .. each];
        }
    }
}
