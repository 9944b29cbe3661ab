namespace OnnxEdit.Engine.Data.Targets;

/// <summary>The objects in a picture.</summary>
/// <param name="Objects">The objects; none is a picture without any.</param>
/// <param name="Width">Width of the picture as it is stored, in pixels, which boxes count in.</param>
/// <param name="Height">Its height.</param>
sealed record ObjectsTarget(IReadOnlyList<LabelledObject> Objects, int Width, int Height) : ItemTarget
{
    /// <summary>Where the picture lies in what the model gets, so that the boxes that it returns can be brought back.</summary>
    public PictureFit Fit { get; init; } = PictureFit.Same;

    /// <summary>The classes of the data, the same for all of its pictures.</summary>
    public ObjectClasses Classes { get; init; } = ObjectClasses.Unnamed;

    /// <summary>The same objects under other classes.</summary>
    /// <param name="outputs">The new class of each; objects of others are left out.</param>
    public ObjectsTarget Translated(IReadOnlyDictionary<int, int> outputs) => this with
    {
        Objects = [.. Objects.Where(o => outputs.ContainsKey(o.Class)).Select(o => o with { Class = outputs[o.Class] })],
        Classes = ObjectClasses.Unnamed,
    };
}

/// <summary>One object: its box in pixels of the stored picture.</summary>
/// <param name="Class">Its class, counted from 0 as the model's outputs are.</param>
/// <param name="Box">Where it is.</param>
readonly record struct LabelledObject(int Class, Box Box)
{
    /// <summary>A crowd (COCO) or a difficult object: finding it counts neither for nor against the model, however often it is found.</summary>
    public bool IsIgnored { get; init; }

    /// <summary>An area with many that are not told apart; always ignored, too. A box within it is on it, however small.</summary>
    public bool IsCrowd { get; init; }
}

/// <summary>The classes of labelled objects.</summary>
/// <param name="Names">Their names in the order of the classes; empty: not known.</param>
/// <param name="Numbers">The numbers that the data itself gives them, in the order of the classes (ids of categories); empty: the classes as they are.</param>
sealed record ObjectClasses(IReadOnlyList<string> Names, IReadOnlyList<int> Numbers)
{
    /// <summary>Classes of which nothing but their place is known.</summary>
    public static ObjectClasses Unnamed { get; } = new([], []);
}
