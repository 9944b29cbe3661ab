using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Finetuning;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Engine.Training;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>Accuracy on test images of forgotten classes after some steps on labelled images of all classes.</summary>
/// <param name="Step">Steps made.</param>
/// <param name="Edited">The edited model.</param>
/// <param name="Original">The original with the rows of those classes in its last layer drawn anew, which has them in its features only.</param>
sealed record RelearningPoint(int Step, double Edited, double Original);

/// <summary>
/// How fast forgotten classes are learned again: a model that only hides a class gets it back sooner than one whose last
/// layer has never known it.
/// </summary>
static class RelearningCurve
{
    /// <summary>Trains both models on labels, by gradient descent, and looks at the test images of those classes eleven times.</summary>
    /// <param name="original">The model before the edit.</param>
    /// <param name="edited">The model after it.</param>
    /// <param name="data">Labelled training and test images.</param>
    /// <param name="classes">The forgotten classes.</param>
    /// <param name="steps">Steps of 64 images.</param>
    /// <param name="options">Seed and output.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <exception cref="OnnxEngineException">Labelled training or test images are missing (<see cref="ErrorKind.Data"/>).</exception>
    public static IReadOnlyList<RelearningPoint> Measure(
        OnnxModel original, OnnxModel edited, UnlearnData data, IReadOnlyCollection<int> classes, int steps, UnlearnOptions options,
        IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var execution = ExecutionOptions.Enter(options.Execution);
        if (data.Train is not { IsLabelled: true } train || data.Test is not { IsLabelled: true } test)
            throw new OnnxEngineException(ErrorKind.Data, "A relearning curve needs labelled training and test items; give a labelled data set with DataOptions.Path.");
        int[] own = [.. Enumerable.Range(0, test.Count).Where(i => classes.Contains(test.Label(i)))];
        // Looks at test images; nothing is chosen by them but the model kept, which is thrown away.
        var looked = new ModelData("test items of what was forgotten") { Train = train, Validation = test.Select(own) };
        var training = new FinetuneOptions
        {
            Steps = steps,
            // Who wants a class back takes what brings it back soonest; steps that stay near the model would flatter it.
            Optimiser = FinetuneOptimiser.Adam,
            Validation = own.Length,
            Seed = options.Seed,
            // What was forgotten is taken for other classes, as it should be.
            Evaluation = options.Evaluation with { ForceLabels = true, Task = ClassificationTask.Word },
            Flip = TrainingImages.AreSpatial(train),
            Shift = TrainingImages.AreSpatial(train) ? train.ItemShape[2] / 8 : 0,
        };
        IReadOnlyList<LossPoint> Curve(OnnxModel model)
        {
            var report = Finetuner.Finetune(model, looked, training, progress, cancellation).Report;
            cancellation.ThrowIfCancellationRequested();
            return report.Curve;
        }
        return [.. Curve(edited).Zip(Curve(WithNewRows(original, train, classes, options)), (a, b) => new RelearningPoint(a.Step, a.Top1!.Value, b.Top1!.Value))];
    }

    // Rows with the mean and spread of the other rows; biases are the mean of the others.
    static OnnxModel WithNewRows(OnnxModel source, ItemSet items, IReadOnlyCollection<int> classes, UnlearnOptions options)
    {
        var model = DataShapes.Normalised(source.Proto, options.InputShapes, items);
        var last = LastLayer.Of(model, ClassifierSignature.Of(source.Proto, options.Evaluation.Output).LogitsName);
        var (weights, bias) = last.Unit.Read();
        int[] others = [.. Enumerable.Range(0, last.Classes).Where(c => !classes.Contains(c))];
        double[] values = [.. others.SelectMany(c => Enumerable.Range(0, weights.GetLength(1)).Select(k => (double)weights[c, k]))];
        var mean = values.Average();
        var deviation = Math.Sqrt(values.Average(v => (v - mean) * (v - mean)));
        var random = new Philox4x32(options.Seed);
        foreach (var c in classes)
        {
            for (var k = 0; k < weights.GetLength(1); k++) weights[c, k] = (float)(mean + deviation * random.NextGaussian());
            if (bias.Length > 0) bias[c] = others.Average(o => bias[o]);
        }
        last.Unit.Write(weights, bias);
        return new OnnxModel(model.Proto);
    }
}
