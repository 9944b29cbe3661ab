using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Surgery;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class PreprocessorJsonTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    Preprocessing Read(string json) => Preprocessing.FromHuggingFaceJson(_folder.WriteText("preprocessor_config.json", json));

    [Fact]
    public void A_vision_transformer_file_is_read()
    {
        var read = Read("""
            {"do_resize": true, "size": {"height": 224, "width": 200}, "resample": 3, "do_rescale": true, "rescale_factor": 0.5,
             "do_normalize": true, "image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6]}
            """);
        Assert.Equal((0.5f, 0.2f, 0.6f), (read.Scale, read.Mean![1], read.Std![2]));
        Assert.Equal(new ImageResize { Height = 224, Width = 200, Filter = Resampling.Bicubic }, read.Resize);
    }

    [Fact]
    public void A_convolutional_file_with_a_crop_is_read()
    {
        var read = Read("""
            {"do_resize": true, "size": {"shortest_edge": 256}, "do_center_crop": true, "crop_size": 224, "image_mean": [0.5], "image_std": [0.5]}
            """);
        Assert.Equal(new ImageResize { ShortestEdge = 256, CropHeight = 224, CropWidth = 224 }, read.Resize);
        Assert.Equal(1 / 255f, read.Scale);
    }

    [Fact]
    public void Steps_that_are_off_are_left_out()
    {
        var read = Read("""{"do_resize": false, "size": 99, "do_rescale": false, "do_normalize": false, "image_mean": [0.5], "image_std": [0.5]}""");
        Assert.Equal((1f, 0f, 1f, null), (read.Scale, read.Mean![0], read.Std![0], read.Resize));
    }

    [Fact]
    public void A_timm_file_is_read()
    {
        var read = Read("""
            {"architecture": "resnet18", "pretrained_cfg": {"input_size": [3, 224, 224], "crop_pct": 0.95, "interpolation": "bicubic",
             "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}}
            """);
        Assert.Equal(new ImageResize { ShortestEdge = 235, CropHeight = 224, CropWidth = 224, Filter = Resampling.Bicubic }, read.Resize);
        Assert.Equal(0.225f, read.Std![2]);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[1, 2]")]
    [InlineData("""{"do_resize": true, "size": {"depth": 3}}""")]
    [InlineData("""{"do_resize": true, "size": 9, "resample": 12}""")]
    [InlineData("{ half")]
    [InlineData("""{"do_normalize": true, "image_mean": "red"}""")]
    public void Anything_else_is_refused(string json) =>
        Assert.Equal(ErrorKind.Data, Assert.Throws<OnnxEngineException>(() => Read(json)).Kind);
}
