using System.Globalization;
using System.Text.RegularExpressions;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Kernels;
using OnnxEdit.Kernels.Moments;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;

namespace OnnxEdit.Engine.Tests;

/// <summary>What the libraries say does not depend on the culture of the program that calls them.</summary>
public sealed partial class CultureTests : IDisposable
{
    readonly CultureInfo _before = CultureInfo.CurrentCulture;

    public CultureTests()
    {
        // Numbers as in German; made by hand, since programs without ICU know no such culture.
        var other = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (other.NumberFormat.NumberDecimalSeparator, other.NumberFormat.NumberGroupSeparator, other.NumberFormat.PositiveInfinitySymbol) = (",", ".", "unendlich");
        CultureInfo.CurrentCulture = other;
    }

    public void Dispose() => CultureInfo.CurrentCulture = _before;

    [Fact]
    public void The_culture_of_this_test_writes_other_numbers() => Assert.Equal("1.234,5 unendlich", $"{1234.5:N1} {double.PositiveInfinity}");

    [Fact]
    public void Counts_of_bytes_and_elements_have_commas()
    {
        var tensor = new TensorProto { Name = "w", DataType = (int)TensorProto.Types.DataType.Float };
        tensor.Dims.Add(1234);
        Assert.Contains("has 1,234 elements, not 5,678", Assert.Throws<OnnxSurgeryException>(() => TensorData.SetFloats(tensor, new float[5678])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Kernels_write_fractions_with_a_point_and_infinity_as_ever() => Assert.Contains(
        "scale 0.5, range [0, Infinity]",
        Assert.Throws<OnnxKernelException>(() => new FeatureScale([1], [0.5], [0], [double.PositiveInfinity])).Message, StringComparison.Ordinal);

    [Fact]
    public void Budgets_are_said_with_a_point() => Assert.Equal("0.55 of the MACs", SlimBudget.Parse("macs=0.55").ToString());

    // Formats such as N0 and 0.0 take their separators from a culture; the next one is caught here.
    [Fact]
    public void Formatted_numbers_name_their_culture()
    {
        List<string> wrong = [];
        foreach (var file in ((string[])["OnnxSurgery", "Engine", "Kernels"]).SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)))
        {
            var lines = File.ReadAllLines(file);
            for (var i = 0; i < lines.Length; i++)
                if (Formatted().IsMatch(lines[i]) && !lines[i].TrimStart().StartsWith("//", StringComparison.Ordinal) && !lines[i].Contains("Guid", StringComparison.Ordinal)
                    && !lines[Math.Max(0, i - 2)..(i + 1)].Any(line => line.Contains("Invariant", StringComparison.Ordinal)))
                    wrong.Add($"{Path.GetRelativePath(Repository.Root, file)}:{i + 1}: {lines[i].Trim()}");
        }
        Assert.Equal([], wrong);
    }

    [GeneratedRegex("""\{[^{}"]*:(?:[NFPGEfpge][0-9]*|n0|[0#][0-9.#%e]*)\}""")]
    private static partial Regex Formatted();
}
