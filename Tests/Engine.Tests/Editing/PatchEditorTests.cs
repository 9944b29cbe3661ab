using OnnxEdit.Engine.Editing;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery.Graph;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class PatchEditorTests
{
    static readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    // Correlated features of one class, as an image's features are of its own.
    static float[][] Rows(int count, ulong seed)
    {
        var random = new Philox4x32(seed, 0);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            var shared = random.NextGaussian();
            return Enumerable.Range(0, 24).Select(k => (float)(3 * shared + random.NextGaussian() + k)).ToArray();
        })];
    }

    [Fact]
    public void A_neuron_fires_on_its_image_and_its_views_and_on_next_to_nothing_else()
    {
        var (others, fresh) = (Rows(2000, 1), Rows(2000, 2));
        var editor = PatchEditor.Of(others);
        var image = Rows(1, 3)[0];
        for (var k = 0; k < 6; k++) image[k] += 4;
        var view = image.Select((v, k) => v + (k % 2 == 0 ? 0.3f : -0.3f)).ToArray();
        float[] logits = [5, 0, -2];
        var (neurons, outcomes) = editor.Edit([([image, view], [logits, logits], 2)], 10);
        Assert.True(outcomes[0] is { Success: true, Steps: 1 });
        PatchNeuron[] patch = [neurons[0]!];
        Assert.Equal(-0.01, PatchNeuron.Gap(PatchNeuron.Patch(patch, image, logits), 2), 1e-5);
        Assert.True(PatchNeuron.Gap(PatchNeuron.Patch(patch, view, logits), 2) < 0);
        Assert.True(fresh.Count(f => patch[0].Fires(f) > 0) <= 10);
    }

    [Fact]
    public void Images_that_have_their_label_get_no_neuron()
    {
        var rows = Rows(100, 1);
        var (neurons, outcomes) = PatchEditor.Of(rows).Edit([([rows[0]], [[1f, 0f]], 0)], 10);
        Assert.Null(neurons[0]);
        Assert.True(outcomes[0] is { Success: true, Steps: 0 });
    }

    [Fact]
    public void Two_edits_of_one_image_cannot_both_be_had()
    {
        var rows = Rows(100, 1);
        var (_, outcomes) = PatchEditor.Of(rows).Edit([([rows[0]], [[1f, 0f, 0f]], 1), ([rows[0]], [[1f, 0f, 0f]], 2)], 10);
        Assert.True(outcomes.Count(o => o.Success) <= 1 && outcomes.All(o => o.Steps <= 10));
    }

    [Fact]
    public void Too_few_other_images_are_refused() =>
        Assert.Contains("50 or more", Assert.Throws<OnnxEngineException>(() => PatchEditor.Of(Rows(10, 1))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    public void The_patched_graph_computes_what_the_neurons_say(int type)
    {
        var source = SmallClassifier.Residual(type: type).Model;
        var model = NormalisedModel.Create(source.Proto);
        var images = SmallClassifier.Images(200, isLabelled: false);
        EditRequest[] requests = [.. Enumerable.Range(0, 3).Select(i => new EditRequest($"{i}", images, i, i))];
        using var work = PatchWork.Prepare(model, images.Select([.. Enumerable.Range(50, 150)]), requests, new EditOptions(), null, _cancellation);
        var (neurons, _) = work.Edit(0, 1, 2);
        var patched = work.Patched(work.Edit(0).Neurons);
        using (var again = PatchWork.Prepare(NormalisedModel.Create(patched), images.Select([.. Enumerable.Range(50, 150)]), requests, new EditOptions(), null, _cancellation))
            patched = again.Patched([.. neurons.Skip(1)]);
        var (features, logits) = work.Trunk.Read(images, null, _cancellation);
        using var session = new ClassifierSession(patched);
        session.Run(images, (first, count, z) =>
        {
            for (var i = 0; i < count; i++)
            {
                var expected = PatchNeuron.Patch(neurons, features[first + i], logits[first + i]);
                for (var c = 0; c < expected.Length; c++) Assert.Equal(expected[c], z[i * expected.Length + c], type == 1 ? 1e-3 : 0.1 * (1 + Math.Abs(expected[c])));
            }
        }, null, _cancellation);
    }
}
