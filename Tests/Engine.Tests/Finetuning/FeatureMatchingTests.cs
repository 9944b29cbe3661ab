using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Finetuning;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Engine.Training;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class FeatureMatchingTests
{
    static readonly ItemSet _images = SmallClassifier.Images(240, isLabelled: false);

    static OnnxModel Network(int seed, int inner)
    {
        var b = new GraphBuilder(seed);
        var stem = b.Relu(b.Conv(b.Input("x", 3, 6, 6), 6, pads: 1, name: "stem"), "stem_relu");
        var hidden = b.Relu(b.Conv(stem, inner, pads: 1, name: "inner"), "inner_relu");
        var sum = b.Relu(b.Add(stem, b.Conv(hidden, 6, pads: 1, name: "outer")), "block");
        return new OnnxModel(b.Build(b.Gemm(b.Flatten(b.GlobalAveragePool(sum)), SmallClassifier.Classes, name: "head")));
    }

    static readonly OnnxModel _teacher = Network(1, 7);
    static readonly OnnxModel _student = Network(2, 5);

    static OnnxModel Tuned(params string[] features) => Finetuner.Finetune(
        _student,
        new ModelData("no labels") { Train = _images, Validation = _images.Select([.. Enumerable.Range(0, 40)]) },
        new FinetuneOptions { Teacher = _teacher, Features = features.Length == 0 ? null : features, FeatureWeight = 100, Optimiser = FinetuneOptimiser.Adam, StepSize = 0.01, Steps = 60, Batch = 16, Looks = 1, Flip = false, Shift = 0 },
        null,
        TestContext.Current.CancellationToken).Model;

    // |block - the teacher's|^2 / |the teacher's|^2
    static double Error(OnnxModel model)
    {
        float[] Block(OnnxModel m)
        {
            var copy = m.Proto.Clone();
            copy.Graph.Output.Clear();
            copy.Graph.Output.Add(new Surgery.Proto.ValueInfoProto { Name = "block" });
            using var runner = new BatchRunner(copy);
            var (images, values) = (new float[40 * _images.ItemLength], Array.Empty<float>());
            _images.Fill(0, 40, images);
            runner.Run([new BatchInput(images, [40, 3, 6, 6])], (_, found, _) => values = found.ToArray());
            return values;
        }
        var (own, wanted) = (Block(model), Block(_teacher));
        return own.Zip(wanted, (a, b) => (double)(a - b) * (a - b)).Sum() / wanted.Sum(w => (double)w * w);
    }

    [Fact]
    public void Tensors_of_one_shape_are_compared_by_elements_and_others_by_similarities()
    {
        var pairs = FeaturePair.Find(NormalisedModel.Create(_student.Proto), _teacher, ["inner", "block"]);
        Assert.Equal([new("inner_relu", "inner_relu", FeatureComparison.Similarities), new("block", "block", FeatureComparison.Elements)], pairs);
    }

    [Fact]
    public void Features_come_to_resemble_those_of_the_teacher()
    {
        var (without, with) = (Error(Tuned()), Error(Tuned("inner", "block")));
        Assert.True(with < 0.5 * without, $"{without} without, {with} with");
    }

    [Fact]
    public void A_part_that_one_of_the_two_has_not_is_named() =>
        Assert.StartsWith("No node of the model that computes something of each image has 'layer9' in its name",
            Assert.Throws<OnnxEngineException>(() => Tuned("layer9")).Message, StringComparison.Ordinal);
}
