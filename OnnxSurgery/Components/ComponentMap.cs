namespace OnnxEdit.Surgery.Components;

/// <summary>The components of a network in graph order, numbered from 0.</summary>
sealed class ComponentMap
{
    readonly int[] _first;

    /// <summary>Numbers the components of some layers.</summary>
    /// <param name="layers">The layers, in the order of their components.</param>
    public ComponentMap(IReadOnlyList<ComponentLayer> layers)
    {
        Layers = layers;
        _first = new int[layers.Count + 1];
        for (var l = 0; l < layers.Count; l++) _first[l + 1] = _first[l] + layers[l].Count;
    }

    /// <summary>The layers.</summary>
    public IReadOnlyList<ComponentLayer> Layers { get; }

    /// <summary>Number of components.</summary>
    public int Count => _first[^1];

    /// <summary>Number of the first component of a layer.</summary>
    public int First(int layer) => _first[layer];

    /// <summary>The layer that a component belongs to.</summary>
    public int LayerOf(int component)
    {
        var at = Array.BinarySearch(_first, component);
        if (at < 0) return ~at - 1;
        // Layers are never empty, so numbers of first components differ.
        return at;
    }

    /// <summary>Name of a component, such as "layer3.0.conv1/filter 17".</summary>
    public string Name(int component)
    {
        var layer = LayerOf(component);
        return Layers[layer].NameOf(component - _first[layer]);
    }
}
