using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Sample;

namespace OnnxEdit.SampleTrainer;

/// <summary>Pictures of the sample, drawn when they are asked for.</summary>
/// <param name="first">Number of the first.</param>
/// <param name="count">How many.</param>
sealed class DrawnPictures(int first, int count) : ItemSet
{
    public override int Count => count;

    public override IReadOnlyList<int> ItemShape { get; } = [3, SampleImages.Side, SampleImages.Side];

    public override int Label(int index) => SampleImages.Label(first + index);

    public override void Fill(int start, int count, Span<float> destination)
    {
        CheckRange(start, count, destination);
        var bytes = new byte[SampleImages.Length];
        for (var i = 0; i < count; i++)
        {
            SampleImages.Draw(SampleFolder.Seed, first + start + i, bytes);
            var values = destination.Slice(i * SampleImages.Length, SampleImages.Length);
            for (var j = 0; j < bytes.Length; j++) values[j] = (bytes[j] / 255f - SampleFolder.Mean) / SampleFolder.Std;
        }
    }
}
