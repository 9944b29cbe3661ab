using OnnxEdit.Engine.Data;
using OnnxEdit.Kernels.RandomNumbers;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Unlearning;

/// <summary>Training images by what is to become of their class.</summary>
/// <param name="Retained">Images of the classes that stay.</param>
/// <param name="Forgotten">Images of each class to forget.</param>
/// <param name="All">Both, in random order.</param>
sealed record ClassImages(ItemSet Retained, IReadOnlyDictionary<int, ItemSet> Forgotten, ItemSet All)
{
    /// <summary>Draws them.</summary>
    /// <param name="images">Training images.</param>
    /// <param name="options">Classes, number of images, seed.</param>
    /// <param name="names">Names of the classes, or null.</param>
    /// <exception cref="OnnxEngineException">There are none of a class to forget, or none of any other (<see cref="ErrorKind.Data"/>).</exception>
    public static ClassImages Draw(ItemSet images, UnlearnOptions options, IReadOnlyList<string>? names)
    {
        var order = Enumerable.Range(0, images.Count).ToArray();
        new Philox4x32(options.Seed, 0xF026E7).Shuffle<int>(order);
        var each = Math.Max(1, options.Calibration / 5 / options.Classes.Count);
        var forgotten = options.Classes.ToDictionary(c => c, c => images.Select([.. order.Where(i => images.Label(i) == c).Take(each)]));
        foreach (var (c, found) in forgotten)
            if (found.Count == 0)
                throw new OnnxEngineException(ErrorKind.Data, $"The training data holds no item of class {Name(c, names)}, so there is nothing to tell what to forget.");
        var left = Math.Max(1, options.Calibration - forgotten.Values.Sum(f => f.Count));
        int[] stay = [.. order.Where(i => images.Label(i) >= 0 && options.Stays(images.Label(i))).Take(left)];
        var retained = images.Select(stay);
        if (retained.Count == 0)
            throw new OnnxEngineException(ErrorKind.Data, "The training data holds no item of a class that stays, so there is nothing to keep the model right on; give data with all classes.");
        var all = stay.Concat(options.Classes.SelectMany(c => order.Where(i => images.Label(i) == c).Take(each))).ToHashSet();
        return new ClassImages(retained, forgotten, images.Select([.. order.Where(all.Contains)]));
    }

    /// <summary>A class as a sentence names it.</summary>
    public static string Name(int @class, IReadOnlyList<string>? names) =>
        names is not null && @class < names.Count ? $"{@class} ('{names[@class]}')" : $"{@class}";
}
