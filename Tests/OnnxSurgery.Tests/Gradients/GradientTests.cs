using OnnxEdit.Surgery.Gradients;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public class GradientTests
{
    public static TheoryData<int, string> Cases
    {
        get
        {
            var data = new TheoryData<int, string>();
            for (var i = 0; i < GradientCases.All.Count; i++) data.Add(i, GradientCases.All[i].ToString());
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void First_and_second_gradients_agree_with_differences(int number, string name)
    {
        Assert.Equal(GradientCases.All[number].ToString(), name);
        foreach (var seed in (int[])[1, 2]) GradientCheck.Run(GradientCases.All[number], seed);
    }

    [Fact]
    public void Every_operator_with_a_rule_or_a_restatement_has_a_case()
    {
        var cases = GradientCases.All.Select(c => (c.Domain, c.Op)).ToHashSet();
        var rules = GradientRules.Operators.Select(o => (Domain: "", Name: o)).Concat(Restatements.Operators);
        Assert.Empty(rules.Where(o => !cases.Contains(o)).Distinct());
    }

    [Fact]
    public void Batch_normalisation_can_be_differentiated_through_the_batch()
    {
        var c = GradientCases.All.First(c => c.Op == "BatchNormalization");
        GradientCheck.Run(c, 1, NormalisationMode.BatchStatistics);
    }
}
