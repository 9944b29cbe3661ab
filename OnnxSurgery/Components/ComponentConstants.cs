using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Surgery.Components;

/// <summary>The constant c that an ablated component becomes, at the output of its node: y' = m (y - c) + c for a mask m.</summary>
sealed class ComponentConstants
{
    readonly float[][] _values;

    ComponentConstants(float[][] values) => _values = values;

    /// <summary>Constants of one layer, one per place along its axis.</summary>
    public IReadOnlyList<float> Of(int layer) => _values[layer];

    /// <summary>Bias, or what normalisation turns into zero.</summary>
    /// <param name="model">The model that was searched.</param>
    /// <param name="components">Its components.</param>
    /// <param name="kind">Either zero.</param>
    public static ComponentConstants Of(NormalisedModel model, ComponentMap components, AblationKind kind)
    {
        if (kind == AblationKind.Mean) throw new ArgumentException("Means have to be measured.", nameof(kind));
        return new ComponentConstants([.. components.Layers.Select(l => kind == AblationKind.ZeroWeight ? Bias(model, l) : Zero(model, l))]);
    }

    /// <summary>Measured means.</summary>
    /// <param name="means">One array per layer, one mean per place along its axis.</param>
    public static ComponentConstants Means(IReadOnlyList<float[]> means) => new([.. means]);

    /// <summary>The bias that the node itself adds, one value per place; zeros where it has none.</summary>
    /// <exception cref="OnnxSurgeryException">The bias is no constant vector.</exception>
    internal static float[] Bias(NormalisedModel model, ComponentLayer layer)
    {
        var places = layer.Count * layer.Width;
        if (!layer.HasWeights || layer.Node.Input.Count < 3 || layer.Node.Input[2].Length == 0) return new float[places];
        var values = model.Index.Initializer(layer.Node.Input[2]) is { } bias ? TensorData.Floats(bias) : [];
        if (values.Length != places && values.Length != 1)
            throw new OnnxSurgeryException($"The bias of {layer.Node.OpType} '{layer.Name}' is no constant vector, so that its components cannot be ablated by themselves; export the model with constants folded.");
        var scale = layer.Node.OpType == "Gemm" ? layer.Node.Float("beta", 1) : 1;
        return [.. Enumerable.Range(0, places).Select(i => scale * values[values.Length == 1 ? 0 : i])];
    }

    // What a BatchNormalization right behind the node turns into zero.
    static float[] Zero(NormalisedModel model, ComponentLayer layer)
    {
        var places = layer.Count * layer.Width;
        if (model.Index.Consumers(layer.Tensor) is not [{ OpType: "BatchNormalization" } norm]) return new float[places];
        var parts = norm.Input.Skip(1).Take(4).Select(i => model.Index.Initializer(i) is { } t ? TensorData.Floats(t) : null).ToArray();
        if (parts is not [{ } gamma, { } beta, { } mean, { } variance]) return new float[places];
        var epsilon = norm.Float("epsilon", 1e-5f);
        // Without a scale the normalised value is beta whatever comes in.
        return [.. Enumerable.Range(0, places).Select(i => gamma[i] == 0 ? mean[i] : (float)(mean[i] - beta[i] * Math.Sqrt(variance[i] + (double)epsilon) / gamma[i]))];
    }
}
