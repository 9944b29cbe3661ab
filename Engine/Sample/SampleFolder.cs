using System.Text.Json;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Sample;

/// <summary>The built-in sample: a small trained network with pictures to try every command on.</summary>
public static class SampleFolder
{
    /// <summary>Seed of the sample's pictures and of its training.</summary>
    public const ulong Seed = 0;

    /// <summary>Number of pictures in data_batch_1.bin; the network was trained on others.</summary>
    public const int TrainImages = 4000;

    /// <summary>Number of pictures in test_batch.bin.</summary>
    public const int TestImages = 2000;

    /// <summary>Mean of the normalisation, alike for all channels, on the 0-1 scale.</summary>
    public const float Mean = 0.5f;

    /// <summary>Standard deviation of the normalisation.</summary>
    public const float Std = 0.25f;

    /// <summary>The network as an ONNX file: input "input" [N,3,32,32], output "logits" [N,10].</summary>
    public static byte[] Model()
    {
        using var resource = typeof(SampleFolder).Assembly.GetManifestResourceStream("sample.onnx")!;
        var bytes = new byte[resource.Length];
        resource.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>
    /// Writes model.onnx, onnxedit.json and data/ (CIFAR-10 binary files with class names) into a folder, replacing files of those names.
    /// </summary>
    /// <param name="directory">The folder; it is made when missing.</param>
    /// <exception cref="OnnxEngineException">The folder cannot be written (<see cref="ErrorKind.Usage"/>).</exception>
    public static void Write(string directory)
    {
        try
        {
            var data = Directory.CreateDirectory(Path.Combine(directory, "data")).FullName;
            WriteRecords(Path.Combine(data, "data_batch_1.bin"), 0, TrainImages);
            WriteRecords(Path.Combine(data, "test_batch.bin"), TrainImages, TestImages);
            File.WriteAllText(Path.Combine(data, "batches.meta.txt"), string.Join('\n', SampleImages.ClassNames) + "\n");
            File.WriteAllBytes(Path.Combine(directory, "model.onnx"), Model());
            File.WriteAllText(Path.Combine(directory, "onnxedit.json"), Config() + "\n");
        }
        catch (Exception inner) when (inner is IOException or UnauthorizedAccessException)
        {
            throw new OnnxEngineException(ErrorKind.Usage, $"Cannot write the sample to '{directory}': {inner.Message}", inner);
        }
    }

    static void WriteRecords(string path, int first, int count)
    {
        const int record = 1 + SampleImages.Length;
        var bytes = new byte[count * record];
        ThreadedLoop.For(0, count, index =>
        {
            bytes[index * record] = (byte)SampleImages.Label(first + index);
            SampleImages.Draw(Seed, first + index, bytes.AsSpan((index * record) + 1, SampleImages.Length));
        });
        File.WriteAllBytes(path, bytes);
    }

    // The numbers are written as text, so that float 0.5 does not turn into a long double.
    static string Config() => JsonSerializer.Serialize(
        new Dictionary<string, object>
        {
            ["schema"] = "onnxedit.config/1",
            ["model"] = "model.onnx",
            ["data"] = "data",
            ["mean"] = new[] { (decimal)Mean },
            ["std"] = new[] { (decimal)Std },
        },
        JsonOptions);

    static readonly JsonSerializerOptions JsonOptions = new() { WriteIndented = true, NewLine = "\n" };
}
