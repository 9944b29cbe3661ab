using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class RobustnessTests
{
    [Fact]
    public void Every_real_model_is_analysed_or_refused_in_one_sentence()
    {
        var paths = SharedData.Models();
        if (paths.Count == 0) Assert.Skip("Set ONNXEDIT_SHARED to the folder that holds the real models.");
        foreach (var path in paths)
            try
            {
                var analysis = ChannelAnalysis.Of(NormalisedModel.Create(OnnxModel.Load(path).Proto));
                _ = new RemovalCost(analysis);
            }
            catch (OnnxSurgeryException e)
            {
                Assert.False(e.Message.Contains('\n', StringComparison.Ordinal), $"{path}: {e.Message}");
                Assert.Matches("[.)]$", e.Message);
            }
            catch (Exception e)
            {
                Assert.Fail($"{path}: {e.GetType().Name}: {e.Message}");
            }
    }

    /// <summary>Sizes for symbolic dimensions other than the batch: 3 channels, else 32.</summary>
    internal static Dictionary<string, long[]> InputShapes(ModelProto model)
    {
        var shapes = new Dictionary<string, long[]>();
        foreach (var input in new GraphIndex(model.Graph).Inputs)
            if (input.Type?.TensorType?.Shape?.Dim is { } dims)
                shapes[input.Name] = [.. dims.Select((d, i) => d.DimValue > 0 ? d.DimValue : i == 0 ? -1 : i == 1 ? 3 : 32)];
        return shapes;
    }
}
