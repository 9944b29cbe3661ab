using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Gradients;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Gradients of real models with respect to all their weights at once.</summary>
public class RealGradientTests
{
    // Convolutional, depthwise, transposed, gated, attention; those with all weights alike have no slope to measure.
    [Theory]
    [InlineData("resnet20_cifar10.onnx")]
    [InlineData("resnet20_cifar10_bn.onnx")]
    [InlineData("vgg10_cifar10.onnx")]
    [InlineData("zoo/vit_pgd_2_3_16.onnx")]
    [InlineData("zoo/ppocr_cls_mobilenetv3.onnx")]
    [InlineData("zoo/light_shufflenet.onnx")]
    [InlineData("zoo/mnist-8.onnx")]
    [InlineData("zoo/mnist_self_attention.onnx")]
    [InlineData("zoo/cgan_32_3.onnx")]
    [InlineData("zoo/cifar10_resnet_4b.onnx")]
    public void Gradients_of_real_models_agree_with_differences(string name)
    {
        var model = OnnxModel.Load(SharedData.Model(name)).Proto;
        var shapes = RobustnessTests.InputShapes(model);
        var inputs = new InputShapes(new GraphIndex(model.Graph).Inputs, shapes);
        var prepared = DifferentiableModel.Prepare(model, inputs.HasOpenBatch ? 2 : inputs.FixedBatch, shapes);
        var output = prepared.Proto.Graph.Output[0].Name;
        // Not the plain sum: that of a Softmax is constant.
        var shape = prepared.Trace.Shape(output);
        var signs = Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(i => i * 7919 % 13 < 6 ? 1f : -1f).ToArray();
        prepared.Proto.Graph.Initializer.Add(TensorData.FromFloats("signs", shape, signs));
        prepared.Changed();
        var gradients = prepared.AddGradients(output, prepared.Weights, "signs");
        var weights = prepared.ExposeWeights(prepared.Weights);
        var built = prepared.Build([output, .. prepared.Weights.Select(w => gradients[w])]);
        AssertSlope(name, built, weights, signs);
    }

    // Along the gradient itself the output must change by its length.
    static void AssertSlope(string name, ModelProto built, IReadOnlyList<TensorProto> weights, float[] signs)
    {
        using var session = OrtRuntime.CreateSession(built);
        string[] wanted = [.. built.Graph.Output.Select(o => o.Name)];
        var point = weights.Select(TensorData.Floats).ToArray();
        var own = new GraphIndex(built.Graph).Inputs.Where(i => weights.All(w => w.Name != i.Name)).ToArray();
        float[][] Run(float[][] at, string[] outputs)
        {
            List<OrtValue> values = [];
            try
            {
                var shapes = new InputShapes(own);
                foreach (var input in own) values.Add(shapes.Probe(input, 1));
                for (var i = 0; i < at.Length; i++) values.Add(OrtTensors.FromFloats(at[i], [.. weights[i].Dims], (TensorElementType)weights[i].DataType));
                using var options = new RunOptions();
                using var results = session.Run(options, [.. own.Select(i => i.Name), .. weights.Select(w => w.Name)], values, outputs);
                return [.. results.Select(OrtTensors.ToFloats)];
            }
            finally
            {
                foreach (var v in values) v.Dispose();
            }
        }
        var here = Run(point, wanted);
        var gradient = here[1..];
        var length = Math.Sqrt(gradient.Sum(g => g.Sum(v => (double)v * v)));
        var scale = Math.Sqrt(point.Sum(p => p.Sum(v => (double)v * v)));
        double Moved(double by) => Run([.. point.Select((p, i) => p.Zip(gradient[i], (v, g) => (float)(v + by * g / length)).ToArray())], [wanted[0]])[0].Zip(signs, (v, s) => (double)v * s).Sum();
        // Rounding spoils short steps, kinks spoil long ones.
        var ratios = new[] { 1e-6, 1e-5, 1e-4 }.Select(s => (Moved(s * scale) - Moved(-s * scale)) / (2 * s * scale) / length).ToArray();
        Assert.True(length > 0 && ratios.Min(r => Math.Abs(r - 1)) < 0.02, $"{name}: differences are {string.Join(", ", ratios)} of the gradient");
    }

    [Theory]
    [InlineData("zoo/antispoof2_int8.onnx", "DynamicQuantizeLinear")]
    [InlineData("zoo/carvana_unet_simp.onnx", "only float tensors have gradients")]
    public void What_has_no_gradient_is_named(string name, string reason)
    {
        var prepared = DifferentiableModel.Prepare(OnnxModel.Load(SharedData.Model(name)).Proto, 1);
        var error = Assert.Throws<OnnxSurgeryException>(() => prepared.AddGradients(prepared.Proto.Graph.Output[0].Name, prepared.Weights));
        Assert.Contains(reason, error.Message);
    }
}
