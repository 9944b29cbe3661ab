namespace OnnxEdit.Engine;

/// <summary>How weights follow their gradients in a fine-tuning.</summary>
public enum FinetuneOptimiser
{
    /// <summary><see cref="Engine.Adam"/>.</summary>
    Adam,

    /// <summary><see cref="GradientDescent"/>, with momentum.</summary>
    Sgd,

    /// <summary><see cref="OrthogonalMomentum"/> for the weights of layers, <see cref="Engine.Adam"/> for the rest.</summary>
    Muon,
}
