using OnnxEdit.Engine.Training.Rules;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class UpdateRuleTests
{
    static float[] Run(UpdateRule rule, float[] weights, params float[][] gradients)
    {
        foreach (var g in gradients)
        {
            rule.Begin(Math.Sqrt(g.Sum(v => v * v)));
            rule.Update(0, weights, g);
        }
        return weights;
    }

    [Fact]
    public void Gradient_descent_goes_against_the_gradient() =>
        Assert.Equal([0.9f, 2.2f], Run(new GradientDescent { StepSize = 0.1 }, [1, 2], [1, -2]));

    [Fact]
    public void Momentum_takes_part_of_the_last_step_again()
    {
        // v = 1, then 0.5 + 2 = 2.5; theta = 1 - 0.1 - 0.25
        Assert.Equal(0.65f, Run(new GradientDescent { StepSize = 0.1, Momentum = 0.5 }, [1], [1], [2])[0], 1e-6f);
    }

    [Fact]
    public void Decay_pulls_weights_to_zero() =>
        Assert.Equal(0.8f, Run(new GradientDescent { StepSize = 0.1, Decay = 2 }, [1], [0])[0], 1e-6f);

    [Fact]
    public void Adams_first_step_is_the_step_size_in_the_direction_of_the_sign()
    {
        var weights = Run(new Adam { StepSize = 0.01 }, [1, 1], [3, -0.001f]);
        Assert.Equal(0.99f, weights[0], 1e-5f);
        Assert.Equal(1.01f, weights[1], 1e-5f);
    }

    [Fact]
    public void Adam_follows_its_formula_over_two_steps()
    {
        // m = .1, .29; v = .001, .004999; m' = 1, .29/.19; v' = 1, .004999/.001999
        var expected = 1 - 0.1 - 0.1 * (0.29 / 0.19) / Math.Sqrt(0.004999 / 0.001999);
        Assert.Equal(expected, Run(new Adam { StepSize = 0.1 }, [1], [1], [2])[0], 1e-5);
    }

    [Fact]
    public void Scaled_descent_divides_by_the_length_of_the_first_gradient() =>
        // |g| = 5 in the first step and in all later ones.
        Assert.Equal([-0.6f - 2, -0.8f], Run(new ScaledDescent { StepSize = 1 }, [0, 0], [3, 4], [10, 0]));

    [Fact]
    public void Rprop_takes_signs() => Assert.Equal([0.9f, 1.1f, 1], Run(new SignDescent { StepSize = 0.1 }, [1, 1, 1], [5, -0.1f, 0]));

    [Fact]
    public void Rmsprop_starts_from_the_first_gradient()
    {
        // r = 4, then .5 x 4 + .5 x 1 = 2.5
        var expected = 1 - 0.1 * 2 / Math.Sqrt(4 + 1e-6) - 0.1 / Math.Sqrt(2.5 + 1e-6);
        Assert.Equal(expected, Run(new RmsProp { StepSize = 0.1 }, [1], [2], [1])[0], 1e-6);
    }
}
