using System.Numerics.Tensors;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Training;

/// <summary>A tensor of a model in training and the one of its teacher that it is to resemble.</summary>
/// <param name="Tensor">Name of the tensor in training.</param>
/// <param name="TeacherTensor">Name of the teacher's.</param>
/// <param name="Comparison">What is compared: elements if both have the same shape, else how alike the images of a batch are.</param>
sealed record FeaturePair(string Tensor, string TeacherTensor, FeatureComparison Comparison)
{
    /// <summary>The model's input [items, positions] that is 0 at padding, where nothing is compared, for a tensor [items, positions, ...]; null: all of it counts.</summary>
    public string? Mask { get; init; }

    /// <summary>Where numbers of another kind begin, an axis behind that of the items and an index, e.g. scores behind boxes; null: all are of one kind.</summary>
    public (int Axis, int From)? Border { get; init; }

    /// <summary>What the squared error is divided by; null: the squares of the target.</summary>
    public double? Squares { get; init; }

    /// <summary>Finds the last tensor of each part of the network, such as the output of "layer3", in both.</summary>
    /// <param name="model">The folded model in training.</param>
    /// <param name="teacher">The teacher.</param>
    /// <param name="parts">Parts of node names.</param>
    /// <exception cref="OnnxEngineException">A part is in no node name of one of the two (<see cref="ErrorKind.Usage"/>).</exception>
    public static IReadOnlyList<FeaturePair> Find(NormalisedModel model, OnnxModel teacher, IEnumerable<string> parts)
    {
        // The teacher gets what the model gets.
        var sizes = new GraphIndex(teacher.Proto.Graph).Inputs.Zip(model.Index.Inputs).ToDictionary(p => p.First.Name, p => model.InputSizes[p.Second.Name]);
        var other = NormalisedModel.Create(teacher.Proto, sizes);
        return [.. parts.Select(part =>
        {
            var (own, its) = (Last(model, part, "model"), Last(other, part, "teacher"));
            var same = model.Trace.Shape(own).AsSpan(1).SequenceEqual(other.Trace.Shape(its).AsSpan(1));
            return new FeaturePair(own, its, same ? FeatureComparison.Elements : FeatureComparison.Similarities);
        })];
    }

    static string Last(NormalisedModel model, string part, string which)
    {
        var nodes = model.Proto.Graph.Node;
        var names = new NodeNames(model.Proto.Graph);
        var found = nodes.LastOrDefault(n => names.Of(n).Contains(part, StringComparison.Ordinal) && IsPerImage(model, n.Output[0]));
        return found?.Output[0] ?? throw new OnnxEngineException(ErrorKind.Usage, $"No node of the {which} that computes something of each image has '{part}' in its name; name parts that both models have, for instance '{names.Of(nodes[nodes.Count / 2])}'.");
    }

    static bool IsPerImage(NormalisedModel model, string tensor) =>
        model.Trace.Shapes.TryGetValue(tensor, out var shape) && shape.Length > 1 && shape[0] == model.Trace.Batch;

    /// <summary>Length of the target of a batch.</summary>
    internal int TargetLength(ShapeTrace trace)
    {
        var shape = trace.Shape(Tensor);
        return (int)(Comparison == FeatureComparison.Elements ? shape.Aggregate(1L, (a, b) => a * b) : shape[0] * shape[0]);
    }

    /// <summary>Writes the target that the teacher's tensor gives.</summary>
    /// <param name="values">The teacher's tensor, the image first.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="target">Receives the tensor itself, or the similarities of the images, [images, images].</param>
    internal void Fill(ReadOnlySpan<float> values, int images, Span<float> target)
    {
        if (Comparison == FeatureComparison.Elements)
        {
            values.CopyTo(target);
            return;
        }
        var length = values.Length / images;
        for (var i = 0; i < images; i++)
        {
            for (var j = 0; j < i; j++)
                target[i * images + j] = target[j * images + i] = TensorPrimitives.Dot(values.Slice(i * length, length), values.Slice(j * length, length));
            target[i * images + i] = TensorPrimitives.SumOfSquares(values.Slice(i * length, length));
        }
        for (var i = 0; i < images; i++)
        {
            var row = target.Slice(i * images, images);
            TensorPrimitives.Divide(row, Math.Max(1e-6f, TensorPrimitives.Norm(row)), row);
        }
    }
}
