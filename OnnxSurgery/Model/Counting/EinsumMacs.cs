namespace OnnxEdit.Surgery.Model.Counting;

/// <summary>
/// Einsum, as ONNX Runtime computes it: operands from left to right, one product each; a letter that stands in one operand
/// alone and not in the result is summed before.
/// </summary>
static class EinsumMacs
{
    /// <summary>One term per product; none for a single operand, which is moved or summed.</summary>
    public static IReadOnlyList<MacTerm> Of(NodeSizes sizes)
    {
        var equation = sizes.Node.Text("equation", "").Replace(" ", "", StringComparison.Ordinal).Split("->");
        var written = equation[0].Split(',');
        if (written.Length != sizes.Node.Input.Count) throw new UnknownSizeException();
        var inputs = written.Select((term, i) => Spread(term, sizes.Input(i).Count)).ToArray();
        var rank = sizes.Output(0)?.Count ?? throw new UnknownSizeException();
        // Without an arrow the result has the axes of the dots, then what stands once, in the order of the alphabet.
        var output = equation.Length > 1 ? Spread(equation[1], rank)
            : [.. Dots(rank - Once(inputs).Length), .. Once(inputs)];
        if (output.Length != rank) throw new UnknownSizeException();
        List<MacTerm> terms = [];
        HashSet<string> left = [.. Kept(0, inputs[0])];
        for (var i = 1; i < inputs.Length; i++)
        {
            left.UnionWith(Kept(i, inputs[i]));
            terms.Add(new(1, [.. left.Select(Length)]));
            left.RemoveWhere(label => !output.Contains(label) && !inputs.Skip(i + 1).Any(t => t.Contains(label)));
        }
        return terms;

        IEnumerable<string> Kept(int input, string[] labels) =>
            labels.Where(l => output.Contains(l) || inputs.Where((_, i) => i != input).Any(t => t.Contains(l)));

        // Where channels are known by the axis: the result, then what is computed. A size of 1 is broadcast.
        Extent Length(string label)
        {
            if (Array.IndexOf(output, label) is var at and >= 0) return sizes.OutputAxis(at);
            return Enumerable.Range(0, inputs.Length).Where(i => inputs[i].Contains(label)).OrderBy(sizes.IsConstant)
                .Select(i => sizes.InputAxis(i, Array.IndexOf(inputs[i], label))).MaxBy(a => a.Size)!;
        }
    }

    // One label per axis; those of the dots are counted from the right.
    static string[] Spread(string term, int rank)
    {
        var at = term.IndexOf("...", StringComparison.Ordinal);
        var letters = term.Replace("...", "", StringComparison.Ordinal).Select(c => $"{c}").ToArray();
        if (at < 0 ? letters.Length != rank : letters.Length > rank) throw new UnknownSizeException();
        return at < 0 ? letters : [.. letters[..at], .. Dots(rank - letters.Length), .. letters[at..]];
    }

    static IEnumerable<string> Dots(int count) => Enumerable.Range(0, Math.Max(0, count)).Reverse().Select(i => $".{i}");

    static string[] Once(string[][] inputs) =>
        [.. inputs.SelectMany(t => t).Where(l => l[0] != '.').GroupBy(l => l).Where(g => g.Count() == 1).Select(g => g.Key).Order(StringComparer.Ordinal)];
}
