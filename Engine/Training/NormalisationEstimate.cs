using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Engine.Training;

/// <summary>
/// Measures the statistics of batch normalisations anew: the mean of those of batches, every layer seeing what the layers
/// before it make with the statistics of the batch.
/// </summary>
static class NormalisationEstimate
{
    /// <summary>Images looked at, at most.</summary>
    const int Images = 4000;

    /// <summary>Writes new statistics into a folded model.</summary>
    /// <param name="model">Changed in place.</param>
    /// <param name="sizes">Sizes that the model leaves open, by input, -1 for the batch.</param>
    /// <param name="images">Training images, at least one batch.</param>
    /// <param name="batch">Images per run.</param>
    public static void Apply(ModelProto model, IReadOnlyDictionary<string, long[]> sizes, ItemSet images, int batch)
    {
        var prepared = DifferentiableModel.Prepare(model, batch, sizes, NormalisationMode.BatchStatistics);
        RunningStatistics[] statistics = [.. prepared.Statistics.Select(s => new RunningStatistics(s, model))];
        using var runner = new BatchRunner(prepared.Build(statistics.SelectMany(s => s.Outputs)));
        var values = new float[batch * images.ItemLength];
        var index = new GraphIndex(model.Graph);
        for (var run = 0; (run + 1) * batch <= Math.Min(Math.Max(batch, Images), images.Count); run++)
        {
            images.Fill(run * batch, batch, values);
            var means = new float[statistics.Length][];
            runner.Run(ItemInputs.Split(index, runner, images, values, batch), (o, found, _) =>
            {
                if (o % 2 == 0) means[o / 2] = found.ToArray();
                else statistics[o / 2].Follow(means[o / 2], found, 1.0 / (run + 1));
            });
        }
        foreach (var s in statistics) s.CopyTo(model, s.Mean, s.Variance);
    }

    /// <summary>Refuses a model without batch normalisation.</summary>
    /// <exception cref="OnnxEngineException">There is none (<see cref="ErrorKind.Usage"/>).</exception>
    public static void Require(ModelProto model)
    {
        if (!model.Graph.Node.Any(n => n.IsStandard() && n.OpType == "BatchNormalization"))
            throw new OnnxEngineException(ErrorKind.Usage, "The model has no batch normalisation whose statistics could change (exporters often fold it into the convolutions); leave FinetuneOptions.Normalisation away.");
    }
}
