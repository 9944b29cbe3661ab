using System.Numerics.Tensors;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Tasks.Sequences;

/// <summary>The output of a model that answers with a class at every position, [items, positions, classes] or [positions, items, classes].</summary>
/// <param name="Output">The output.</param>
/// <param name="Symbols">What its classes stand for.</param>
/// <param name="Alphabet">Where it reads text: its layout; null where it tags words.</param>
sealed record SequenceHead(DeclaredTensor Output, SymbolList Symbols, CtcAlphabet? Alphabet)
{
    /// <summary>Finds it.</summary>
    /// <param name="subject">The model.</param>
    /// <param name="why">Why there is none, as half a sentence that follows "it".</param>
    public static SequenceHead? Find(TaskSubject subject, out string why)
    {
        var found = (subject.Named is { } named ? [named] : subject.Outputs).Where(output => output.IsFloat && output.Shape is [_, _, > 1]).ToArray();
        if (found.Length == 0)
        {
            why = "returns no float [items, positions, classes] tensor of a declared number of classes";
            return null;
        }
        var what = subject.ReadsTokens ? "tags" : "characters";
        if (subject.Options.Alphabet is not { } path)
        {
            why = $"returns {what} by number, and no list of {what} is known; name it with EvaluationOptions.Alphabet";
            return null;
        }
        var symbols = SymbolList.Read(path);
        foreach (var output in found)
        {
            var classes = (int)output.Shape[2];
            var alphabet = subject.ReadsTokens ? null : CtcAlphabet.Fitting(symbols, classes);
            if (alphabet is null && !(subject.ReadsTokens && symbols.Names.Count == classes)) continue;
            why = "";
            return new SequenceHead(output, symbols, alphabet);
        }
        var fits = subject.ReadsTokens ? "" : $", which makes {CtcAlphabet.Fits(symbols)}";
        why = FormattableString.Invariant($"tells {string.Join(" or ", found.Select(output => $"{output.Shape[2]:N0}"))} classes apart at each position, but '{path}' lists {symbols.Names.Count:N0} {what}{fits}; give EvaluationOptions.Alphabet the list that it was trained with");
        return null;
    }

    /// <summary>The likeliest class at each position.</summary>
    /// <param name="item">The item, for an error.</param>
    /// <param name="output">What the model answers to it.</param>
    /// <exception cref="OnnxEngineException">A score is NaN, or the output is no row of classes per position (<see cref="ErrorKind.Model"/>).</exception>
    public int[] Path(int item, ItemOutput output)
    {
        var classes = Alphabet?.Symbols.Count ?? Symbols.Names.Count;
        // An item that is not on the first axis comes as [positions, 1, classes].
        if (output.Shape.Where(extent => extent != 1).LastOrDefault() != classes || output.Shape.Count(extent => extent != 1) > 2)
            throw new OnnxEngineException(ErrorKind.Model, $"The output '{Output.Name}' is [{string.Join(',', output.Shape)}] for an item, not {classes} classes at each position.");
        var path = new int[output.Values.Length / classes];
        for (var position = 0; position < path.Length; position++)
        {
            var scores = output.Values.AsSpan(position * classes, classes);
            path[position] = TensorPrimitives.IndexOfMax(scores);
            if (float.IsNaN(scores[path[position]]))
                throw new OnnxEngineException(ErrorKind.Model, $"The output '{Output.Name}' is NaN for item {item}; the model's weights or the data hold values it cannot work with.");
        }
        return path;
    }
}
