using System.Diagnostics;
using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Editing.Editors;

/// <summary>The published ways to edit a model in a few gradient steps (<see cref="GradientEditor"/>).</summary>
sealed class GradientEdits : ImageEdits
{
    readonly EditScope _scope;
    readonly GradientEditor _editor;
    ItemSet? _test;
    int[]? _unedited;

    GradientEdits(EditGround ground, EditScope scope, GradientEditor editor) : base(ground) => (_scope, _editor) = (scope, editor);

    /// <summary>Gradient descent.</summary>
    public static EditorRow Gd { get; } = Row("gd", new(a => new GradientDescent { StepSize = a }, Squares));

    /// <summary>Gradient descent, the step divided by the length of the first gradient.</summary>
    public static EditorRow ScaledGd { get; } = Row("scaled-gd", new(a => new ScaledDescent { StepSize = a }, Squares) { Whole = Math.Sqrt });

    /// <summary>Steps of the gradient's signs.</summary>
    public static EditorRow RProp { get; } = Row("rprop", new(a => new SignDescent { StepSize = a }, Magnitudes));

    /// <summary>Steps divided by a running root mean square of the gradient.</summary>
    public static EditorRow RmsProp { get; } = Row("rmsprop", new(a => new RmsProp { StepSize = a }, OverRoot));

    /// <summary>Gradient descent with momentum 0.9, which soon makes steps several times as long.</summary>
    public static EditorRow Momentum { get; } = Row("momentum", new(a => new GradientDescent { StepSize = a, Momentum = 0.9 }, Squares) { Share = 0.1 });

    /// <summary>Adam.</summary>
    public static EditorRow Adam { get; } = Row("adam", new(a => new Adam { StepSize = a }, Magnitudes));

    /// <summary>The row of an editor that takes gradient steps.</summary>
    public static EditorRow Row(string name, GradientSteps steps) => new(name)
    {
        Help = "gradient steps, ten at most",
        Steps = steps,
        Prepare = ground => Prepare(steps, ground),
        Options = options =>
        [
            ("layers", options.Layers ?? "all"),
            ("step-size", FormattableString.Invariant($"{(options.StepSize is { } a ? a : "chosen by the first step")}")),
        ],
    };

    /// <inheritdoc/>
    public override (ModelProto Graph, EditOutcome[] Outcomes, string Basis) Together()
    {
        var outcome = Steps(Ground.Requests[0]);
        return (_scope.Edited(_editor.Weights), [outcome], FormattableString.Invariant($"{outcome.Steps} gradient steps ({Ground.Options.Editor}, step size {_editor.StepSize:0.###e0})."));
    }

    /// <inheritdoc/>
    public override void Watch(ItemSet test) => _test = _scope.Read(test, Ground.Cancellation);

    /// <inheritdoc/>
    public override SingleEdit Alone(int request)
    {
        var watch = Stopwatch.StartNew();
        var outcome = Steps(Ground.Requests[request]);
        var seconds = watch.Elapsed.TotalSeconds;
        if (outcome.Steps == 0) return new SingleEdit(outcome, _unedited ??= Predicted(_scope.Suffix.Proto), seconds, null);
        var edited = _editor.Edited();
        var following = Following(Ground.Requests[request], views => Logits(edited, _scope.Read(views, Ground.Cancellation)));
        return new SingleEdit(outcome, Predicted(edited), seconds, following);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _editor.Dispose();
        _scope.Dispose();
    }

    static GradientEdits Prepare(GradientSteps steps, EditGround ground)
    {
        var (options, draft) = (ground.Options, ground.Draft);
        var scope = EditScope.Of(draft, options.Layers, options.Evaluation.Output, options.Seed);
        try
        {
            var stepSize = options.StepSize ?? PractisedStepSize.Of(draft.Source, options);
            return new GradientEdits(ground, scope, GradientEditor.Create(scope.Suffix, steps, stepSize, scope.Weights, options.Evaluation.Output));
        }
        catch
        {
            scope.Dispose();
            throw;
        }
    }

    EditOutcome Steps(EditRequest request)
    {
        var image = _scope.Read(EditGround.Image(request), Ground.Cancellation);
        var values = new float[image.ItemLength];
        image.Fill(0, 1, values);
        return _editor.Edit(values, request.Label);
    }

    int[] Predicted(ModelProto suffix) => [.. Evaluator.Evaluate(suffix, _test!, Ground.Options.Evaluation, null, Ground.Cancellation).Predicted];

    float[][] Logits(ModelProto model, ItemSet images)
    {
        List<float[]> rows = [];
        using var session = new ClassifierSession(model, Ground.Options.Evaluation.Output);
        session.Run(images, (_, count, z) =>
        {
            for (var i = 0; i < count; i++) rows.Add(z.Slice(i * (z.Length / count), z.Length / count).ToArray());
        }, null, Ground.Cancellation);
        return [.. rows];
    }

    static double Squares(double sum, ReadOnlySpan<float> gradient) => sum + TensorPrimitives.SumOfSquares(gradient);

    static double Magnitudes(double sum, ReadOnlySpan<float> gradient) => sum + TensorPrimitives.SumOfMagnitudes(gradient);

    static double OverRoot(double sum, ReadOnlySpan<float> gradient)
    {
        foreach (var g in gradient) sum += (double)g * g / Math.Sqrt((double)g * g + Training.Rules.RmsProp.DefaultEpsilon);
        return sum;
    }
}
