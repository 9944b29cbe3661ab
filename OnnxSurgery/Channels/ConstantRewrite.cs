using OnnxEdit.Surgery.Proto;

namespace OnnxEdit.Surgery.Channels;

/// <summary>
/// A change to a node's constants or attributes that follows from removed channels: a reshape's target, a slice's
/// bounds, a pad's amounts, a depthwise convolution's group count.
/// </summary>
/// <param name="Node">The node to change, a node of the analysed graph.</param>
/// <param name="Apply">Changes the corresponding node of the edited graph.</param>
sealed record ConstantRewrite(NodeProto Node, Action<RewriteSite> Apply);
