using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Surgery;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class CifarTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Records whose label is the number of the record and whose planes hold label + 0, 50, 100.</summary>
    static byte[] Records(int count, int labelBytes = 1) =>
        [.. Enumerable.Range(0, count).SelectMany(index => Enumerable.Repeat((byte)7, labelBytes - 1)
            .Append((byte)index)
            .Concat(Enumerable.Range(0, 3072).Select(i => (byte)(index + (50 * (i / 1024))))))];

    [Fact]
    public void Batches_make_the_training_part_and_the_test_batch_the_test_part()
    {
        _folder.Write("data_batch_1.bin", Records(6));
        _folder.Write("data_batch_2.bin", Records(4));
        _folder.Write("test_batch.bin", Records(5));
        _folder.WriteText("batches.meta.txt", "airplane\nautomobile\n\n");

        var data = ModelData.Open(Pictures.Options(_folder.Path), Pictures.Rgb(32, 32));

        Assert.Equal(8, data.Train!.Count);
        Assert.Equal(3, data.Calibration!.Count);
        Assert.Equal(2, data.Validation!.Count);
        Assert.Equal(5, data.Test!.Count);
        Assert.Equal(["airplane", "automobile"], data.ClassNames!);
        Assert.Contains("CIFAR-10 binary, 10 training items and 5 test items", data.Description, StringComparison.Ordinal);
        var item = Pictures.Item(data.Test, 4);
        Assert.Equal((4, 4f, 54f, 104f), (data.Test.Label(4), item[0], item[1024], item[3071]));
    }

    [Fact]
    public void A_single_file_is_split_and_that_is_said()
    {
        var path = _folder.Write("data_batch_1.bin", Records(20));
        var data = ModelData.Open(Pictures.Options(path), Pictures.Rgb(32, 32));
        Assert.Equal((14, 4), (data.Train!.Count, data.Test!.Count));
        Assert.Contains("split 80/20", data.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void Hundred_classes_use_the_fine_label()
    {
        _folder.Write("train.bin", Records(6, labelBytes: 2));
        _folder.Write("test.bin", Records(5, labelBytes: 2));
        var data = ModelData.Open(Pictures.Options(_folder.Path), Pictures.Rgb(32, 32));
        Assert.Equal(3, data.Test!.Label(3));
        Assert.Equal(3f, Pictures.Item(data.Test, 3)[0]);
        Assert.Contains("CIFAR-100", data.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void A_truncated_file_is_refused()
    {
        var path = _folder.Write("test_batch.bin", Records(3)[..5000]);
        var error = Pictures.Refused(path, Pictures.Rgb(32, 32));
        Assert.Equal(ErrorKind.Data, error.Kind);
        Assert.Contains("5,000 bytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_model_size_is_refused_with_a_remedy()
    {
        var path = _folder.Write("test_batch.bin", Records(3));
        Assert.Contains("Preprocessing.Resize = 28x28", Pictures.Refused(path, Pictures.Rgb(28, 28)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Real_images_have_their_known_labels_and_names()
    {
        var options = new DataOptions { Path = SharedData.Require("data", "cifar10"), Preprocessing = Preprocessing.KnownVariants(3)[0].Preprocessing, Outputs = 10 };
        var data = ModelData.Open(options, Pictures.Rgb(32, 32));
        Assert.Equal((18000, 2000, 2000, 5000), (data.Train!.Count, data.Calibration!.Count, data.Validation!.Count, data.Test!.Count));
        Assert.Equal("airplane", data.ClassNames![0]);
        Assert.Equal(3, data.Test.Label(0));
        var batch = new float[64 * 3072];
        data.Calibration.Fill(100, 64, batch);
        Assert.InRange(batch.Average(), -1, 1);
        Assert.All(batch, value => Assert.InRange(value, -2.2f, 2.7f));
    }
}
