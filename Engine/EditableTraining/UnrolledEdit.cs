using OnnxEdit.Engine.Training.Rules;

namespace OnnxEdit.Engine.EditableTraining;

/// <summary>
/// An edit by RMSProp steps (<see cref="RmsProp"/>) that remembers them, so that the gradient of whatever is computed from
/// the edited weights can be carried back to the weights before it: s = sqrt(r + eps), theta' = theta - a g(theta) / s,
/// r = b r_before + (1 - b) g^2 (b = 0 in the first step).
/// </summary>
sealed class UnrolledEdit(EditableSuffix suffix)
{
    const double B = RmsProp.DefaultBeta, Epsilon = RmsProp.DefaultEpsilon;

    readonly List<(float[][] Weights, float[][] Gradient, double[]?[] Squares)> _steps = [];
    float[] _image = [], _target = [];
    double _a;

    /// <summary>The edited weights; those that edits leave alone are the arrays that came in.</summary>
    public float[][] Weights { get; private set; } = [];

    /// <summary>What is left of the gap; 0 on success.</summary>
    public double Loss { get; private set; }

    /// <summary>Gradient of <see cref="Loss"/> at <see cref="Weights"/>.</summary>
    public float[][] Gradient { get; private set; } = [];

    /// <summary>Steps made.</summary>
    public int Steps => _steps.Count;

    /// <summary>Edits until the image has its class.</summary>
    /// <param name="weights">The weights to start from; not changed.</param>
    /// <param name="image">The image, as the suffix takes it.</param>
    /// <param name="label">The class it shall have.</param>
    /// <param name="stepSize">a.</param>
    /// <param name="most">Steps at most.</param>
    public void Run(float[][] weights, float[] image, int label, double stepSize, int most)
    {
        (_image, _target, _a, Weights) = (image, new float[suffix.Classes], stepSize, weights);
        _target[label] = 1;
        _steps.Clear();
        while (true)
        {
            var g = suffix.Zeros();
            (Loss, Gradient) = (suffix.Edit(Weights, image, _target, g), g);
            if (!(Loss > 0) || _steps.Count == most) return;
            var (next, squares) = ((float[][])Weights.Clone(), new double[Weights.Length][]);
            for (var w = 0; w < next.Length; w++)
            {
                if (!suffix.IsEdited[w]) continue;
                var (theta, r) = ((float[])Weights[w].Clone(), new double[g[w].Length]);
                for (var i = 0; i < theta.Length; i++)
                {
                    var square = (double)g[w][i] * g[w][i];
                    r[i] = _steps.Count == 0 ? square : B * _steps[^1].Squares[w]![i] + (1 - B) * square;
                    theta[i] -= (float)(_a * g[w][i] / Math.Sqrt(r[i] + Epsilon));
                }
                (next[w], squares[w]) = (theta, r);
            }
            _steps.Add((Weights, g, squares));
            Weights = next;
        }
    }

    /// <summary>Carries a gradient from the edited weights back to those before the edit.</summary>
    /// <param name="gradient">With respect to all weights; changed in place.</param>
    /// <param name="isFirstOrder">Whether the gradients that the edit followed count as constants.</param>
    /// <returns>The gradient with respect to the logarithm of the step size.</returns>
    public double CarryBack(float[][] gradient, bool isFirstOrder)
    {
        var byStepSize = 0.0;
        var (vectors, product) = (suffix.Zeros(), suffix.Zeros());
        var fromLater = new double[gradient.Length][];
        for (var t = _steps.Count - 1; t >= 0; t--)
        {
            var (weights, g, squares) = _steps[t];
            var fresh = t == 0 ? 1 : 1 - B;
            for (var w = 0; w < gradient.Length; w++)
            {
                if (squares[w] is not { } r) continue;
                var later = fromLater[w] ??= new double[r.Length];
                for (var i = 0; i < r.Length; i++)
                {
                    double s = Math.Sqrt(r[i] + Epsilon), g1 = g[w][i], d = gradient[w][i];
                    byStepSize -= d * _a * g1 / s;
                    var byR = later[i] + d * _a * g1 / (2 * s * s * s);
                    vectors[w][i] = (float)(-d * _a / s + byR * fresh * 2 * g1);
                    later[i] = B * byR;
                }
            }
            if (isFirstOrder) continue;
            suffix.Curvature(weights, _image, _target, vectors, product);
            for (var w = 0; w < gradient.Length; w++)
                for (var i = 0; i < gradient[w].Length; i++) gradient[w][i] += product[w][i];
        }
        return byStepSize;
    }
}
