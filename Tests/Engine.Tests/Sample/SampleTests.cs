using System.Numerics.Tensors;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Sample;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class SampleTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_picture_depends_on_its_seed_and_number_only()
    {
        byte[] first = new byte[SampleImages.Length], again = new byte[SampleImages.Length], other = new byte[SampleImages.Length];
        SampleImages.Draw(0, 7, first);
        SampleImages.Draw(0, 8, other);
        SampleImages.Draw(0, 7, again);
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
        SampleImages.Draw(1, 7, other);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public void The_written_folder_opens_and_the_model_is_right_about_as_often_as_it_was_trained_to_be()
    {
        SampleFolder.Write(_folder.Path);
        using var config = JsonDocument.Parse(File.ReadAllText(_folder["onnxedit.json"]));
        Assert.Equal("onnxedit.config/1", config.RootElement.GetProperty("schema").GetString());
        var options = new DataOptions
        {
            Path = _folder[config.RootElement.GetProperty("data").GetString()!],
            Outputs = 10,
            Preprocessing = new Preprocessing
            {
                Mean = [.. config.RootElement.GetProperty("mean").EnumerateArray().Select(value => value.GetSingle())],
                Std = [.. config.RootElement.GetProperty("std").EnumerateArray().Select(value => value.GetSingle())],
            },
        };
        var data = ModelData.Open(options, Pictures.Rgb(32, 32));
        Assert.Equal(SampleImages.ClassNames, data.ClassNames!);
        Assert.Equal((4000, 2000), (data.Train!.Count + data.Validation!.Count, data.Test!.Count));

        var model = File.ReadAllBytes(_folder[config.RootElement.GetProperty("model").GetString()!]);
        Assert.InRange(model.Length, 1, 400_000);
        using var session = new InferenceSession(model);
        var right = 0;
        var batch = new float[100 * data.Test.ItemLength];
        for (var start = 0; start < data.Test.Count; start += 100)
        {
            data.Test.Fill(start, 100, batch);
            using var images = OrtValue.CreateTensorValueFromMemory(batch, [100, 3, 32, 32]);
            using var run = new RunOptions();
            using var outputs = session.Run(run, ["input"], [images], ["logits"]);
            var logits = outputs[0].GetTensorDataAsSpan<float>();
            for (var item = 0; item < 100; item++)
                right += TensorPrimitives.IndexOfMax(logits.Slice(10 * item, 10)) == data.Test.Label(start + item) ? 1 : 0;
        }

        // 1,889; a tie may fall otherwise on another processor.
        Assert.InRange(right, 1887, 1891);
    }
}
