namespace OnnxEdit.Engine.Reporting;

/// <summary>A layer with parameters in both models, found by the identity of its node.</summary>
/// <param name="Name">Identity of the node.</param>
/// <param name="Op">Its operator.</param>
/// <param name="ChannelsBefore">Channels it made; null where they cannot be told.</param>
/// <param name="ChannelsAfter">Channels it makes.</param>
/// <param name="ParametersBefore">Its parameters before.</param>
/// <param name="ParametersAfter">Its parameters after.</param>
/// <param name="MacsBefore">Its multiply-accumulates for one item before; null where shapes are not known.</param>
/// <param name="MacsAfter">The same after.</param>
/// <param name="WeightChange">
/// Length of the difference of its weights and biases over the length of those before (Frobenius), 0 where they are the
/// same; null where the shapes differ or the tensors cannot be compared.
/// </param>
public sealed record LayerChange(
    string Name, string Op, long? ChannelsBefore, long? ChannelsAfter, long ParametersBefore, long ParametersAfter,
    long? MacsBefore, long? MacsAfter, double? WeightChange)
{
    /// <summary>Whether it lost or gained channels.</summary>
    public bool IsResized => ChannelsBefore != ChannelsAfter;
}
