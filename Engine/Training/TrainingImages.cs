using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Runtime;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Training;

/// <summary>The training images of each step: an order drawn anew for every pass, mirrored, shifted and mixed at random. A step always has the same images.</summary>
sealed class TrainingImages
{
    readonly ItemSet _images;
    readonly FinetuneOptions _options;
    readonly int _batch;
    readonly float[] _whole;
    int[] _order = [];
    long _pass = -1;

    /// <summary>Checks that there are enough images, and that they can be mirrored, if that is wanted.</summary>
    /// <exception cref="OnnxEngineException">They are not, or there are too few.</exception>
    public TrainingImages(ItemSet images, FinetuneOptions options, int batch)
    {
        (_images, _options, _batch) = (images, options, batch);
        _whole = options.Mix > 0 ? new float[batch * images.ItemLength] : [];
        if (images.Count < batch) throw new OnnxEngineException(ErrorKind.Data, $"There are {images.Count} training items, fewer than the {batch} of one step; give more, or a smaller batch.");
        if (options.Mix > 0 && images.Parts.Count > 1)
            throw new OnnxEngineException(ErrorKind.Usage, $"Images are mixed where they are all that the model takes, and this one has {images.Parts.Count} inputs; leave FinetuneOptions.Mix away.");
        if (Augments && !AreSpatial(images))
            throw new OnnxEngineException(ErrorKind.Usage, "Images are mirrored and shifted only where they lie as channels, rows, columns; leave the augmentation away.");
    }

    /// <summary>Whether images lie as channels, rows, columns.</summary>
    public static bool AreSpatial(ItemSet images) => images.ItemShape is [_, _, > 4];

    bool Augments => _options.Flip == true || _options.Shift > 0;

    /// <summary>Images as they go into a model.</summary>
    /// <param name="values">What <see cref="Fill"/> wrote.</param>
    public BatchInput[] Inputs(float[] values) => ItemInputs.Split(_images, values, _batch);

    /// <summary>Writes the images of a step.</summary>
    /// <param name="step">The step, from 0 on.</param>
    /// <param name="values">Receives them.</param>
    /// <returns>The same items as the data has them.</returns>
    public ItemSet Fill(int step, Span<float> values)
    {
        // What does not fill a batch is left out of this pass.
        var (perPass, length) = (_images.Count / _batch, _images.ItemLength);
        if (step / perPass != _pass)
        {
            (_pass, _order) = (step / perPass, [.. Enumerable.Range(0, _images.Count)]);
            new Philox4x32(_options.Seed, RandomStreams.TrainingOrder + (ulong)_pass).Shuffle<int>(_order);
        }
        var indices = _order[(step % perPass * _batch)..][.._batch];
        var items = _images.Select(indices);
        items.Fill(0, _batch, values);
        var random = new Philox4x32(_options.Seed, RandomStreams.Augmentation + (ulong)step);
        if (Augments)
            for (var i = 0; i < _batch; i++)
                Augmentation.Apply(values.Slice(i * length, length), _images.ItemShape[1], _images.ItemShape[2], _options.Flip!.Value, _options.Shift!.Value, random);
        if (_options.Mix > 0) Mix(values, length, random);
        return items;
    }

    // Some images become a mean of themselves and the next one, in shares drawn evenly.
    void Mix(Span<float> values, int length, Philox4x32 random)
    {
        values.CopyTo(_whole);
        for (var i = 0; i < _batch; i++)
        {
            if (random.NextDouble() >= _options.Mix) continue;
            var share = random.NextDouble();
            Augmentation.Mix(values.Slice(i * length, length), _whole.AsSpan((i + 1) % _batch * length, length), (float)share);
        }
    }
}
