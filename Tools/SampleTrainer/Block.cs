using System.Numerics.Tensors;
using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.SampleTrainer;

/// <summary>A residual block: two 3x3 convolutions beside the identity, or beside a 1x1 convolution where the size changes.</summary>
sealed class Block
{
    Activations _middle = null!, _output = null!;

    public Block(string name, int from, int to, int stride, Philox4x32 random)
    {
        Name = name;
        First = new Convolution(name + ".conv1", from, to, 3, stride, random);
        FirstNorm = new BatchNorm(name + ".bn1", to);
        Second = new Convolution(name + ".conv2", to, to, 3, 1, random);
        SecondNorm = new BatchNorm(name + ".bn2", to);
        if (stride == 1 && from == to)
            return;
        Shortcut = new Convolution(name + ".downsample.conv", from, to, 1, stride, random);
        ShortcutNorm = new BatchNorm(name + ".downsample.bn", to);
    }

    public string Name { get; }

    public Convolution First { get; }

    public BatchNorm FirstNorm { get; }

    public Convolution Second { get; }

    public BatchNorm SecondNorm { get; }

    public Convolution? Shortcut { get; }

    public BatchNorm? ShortcutNorm { get; }

    public Activations Forward(Activations input, bool isTraining)
    {
        _middle = FirstNorm.Forward(First.Forward(input), isTraining);
        Rectify(_middle);
        _output = SecondNorm.Forward(Second.Forward(_middle), isTraining);
        var beside = Shortcut is null ? input : ShortcutNorm!.Forward(Shortcut.Forward(input), isTraining);
        TensorPrimitives.Add<float>(_output.Values, beside.Values, _output.Values);
        Rectify(_output);
        return _output;
    }

    public Activations Backward(Activations gradient)
    {
        RectifyGradient(gradient, _output);
        var inner = Second.Backward(SecondNorm.Backward(gradient))!;
        RectifyGradient(inner, _middle);
        var result = First.Backward(FirstNorm.Backward(inner))!;
        var beside = Shortcut is null ? gradient : Shortcut.Backward(ShortcutNorm!.Backward(gradient))!;
        TensorPrimitives.Add<float>(result.Values, beside.Values, result.Values);
        return result;
    }

    /// <summary>ReLU in place.</summary>
    internal static void Rectify(Activations values) => TensorPrimitives.Max(values.Values, 0f, values.Values);

    /// <summary>Clears the gradient where the ReLU gave zero.</summary>
    internal static void RectifyGradient(Activations gradient, Activations output)
    {
        for (var i = 0; i < gradient.Values.Length; i++)
        {
            if (output.Values[i] <= 0)
                gradient.Values[i] = 0;
        }
    }
}
