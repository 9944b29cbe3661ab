using OnnxEdit.Engine.Data;
using OnnxEdit.Surgery;
using Parquet;
using Parquet.Schema;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class ParquetTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Groups of three rows whose red value and label count the rows.</summary>
    async Task Write(string name, int groups, bool hasLabels = true)
    {
        var image = new StructField("image", new DataField("bytes", typeof(byte[])), new DataField<string>("path"));
        var schema = hasLabels ? new ParquetSchema(image, new DataField<long>("label")) : new ParquetSchema(image);
        await using var stream = File.OpenWrite(_folder.Write(name));
        await using var writer = await ParquetWriter.CreateAsync(schema, stream);
        writer.CustomMetadata = new Dictionary<string, string>
        {
            ["huggingface"] = """{"info":{"features":{"image":{"_type":"Image"},"label":{"names":["cat","dog"],"_type":"ClassLabel"}}}}""",
        };
        for (var group = 0; group < groups; group++)
        {
            var rows = Enumerable.Range(3 * group, 3).ToArray();
            using var part = writer.CreateRowGroup();
            await part.WriteAsync(schema.DataFields[0], rows.Select(row => Pictures.Encoded(4, 6, (byte)row, 0, 0)).ToArray());
            await part.WriteAsync(schema.DataFields[1], rows.Select(row => $"{row}.png").ToArray());
            if (hasLabels)
                await part.WriteAsync<long>(schema.DataFields[2], rows.Select(row => row % 2L).ToArray());
        }
    }

    [Fact]
    public async Task Files_of_a_data_set_give_parts_and_class_names()
    {
        await Write("data/train-00000-of-00002.parquet", 2);
        await Write("data/train-00001-of-00002.parquet", 1);
        await Write("data/test-00000-of-00001.parquet", 3);
        var data = ModelData.Open(Pictures.Options(_folder.Path), Pictures.Rgb(4, 6));
        Assert.Equal((7, 9), (data.Train!.Count, data.Test!.Count));
        Assert.Equal(["cat", "dog"], data.ClassNames!);
        for (var row = 8; row >= 0; row--)
            Assert.Equal((row % 2, (float)row), (data.Test.Label(row), Pictures.Item(data.Test, row)[0]));
        var batch = new float[9 * 72];
        data.Test.Fill(0, 9, batch);
        Assert.Equal(Enumerable.Range(0, 9).Select(i => (float)i), Enumerable.Range(0, 9).Select(i => batch[72 * i]));
    }

    [Fact]
    public async Task Rows_may_be_unlabelled()
    {
        await Write("images.parquet", 1, hasLabels: false);
        Assert.False(Pictures.Whole(_folder["images.parquet"], Pictures.Rgb(4, 6)).IsLabelled);
    }

    [Fact]
    public void Something_else_is_refused() =>
        Assert.Equal(ErrorKind.Data, Pictures.Refused(_folder.WriteText("a.parquet", "no columns in here at all"), Pictures.Rgb(4, 6)).Kind);
}
