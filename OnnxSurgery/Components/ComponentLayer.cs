using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Components;

/// <summary>The components that one node makes: places along one axis of its output.</summary>
/// <param name="Name">Name of the layer, such as layer3.0.conv1.</param>
/// <param name="Kind">What its components are; one flag.</param>
/// <param name="Node">The node, of the model that was searched.</param>
/// <param name="Axis">The axis of its output along which components lie.</param>
/// <param name="Count">Number of components.</param>
/// <param name="Width">Places along the axis that belong to one component: 1, or the width of a head.</param>
sealed record ComponentLayer(string Name, ComponentKinds Kind, NodeProto Node, int Axis, int Count, int Width)
{
    /// <summary>The tensor that components are parts of.</summary>
    public string Tensor => Node.Output[0];

    /// <summary>Whether weights of the node make its components, and not what it does with two tensors.</summary>
    public bool HasWeights => Kind is not (ComponentKinds.Heads or ComponentKinds.Channels);

    /// <summary>Name of one component, such as "layer3.0.conv1/filter 17".</summary>
    public string NameOf(int component) => $"{Name}/{Words.Of(Kind).TrimEnd('s')} {component}";
}
