using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Tasks;

/// <summary>
/// Opens data and finds out how many tokens a model takes, where the data is texts and the model leaves their length open: its table of
/// positions ends somewhere, and no declaration says where.
/// </summary>
static class TokenLimit
{
    /// <summary>Opens the data; texts longer than the model takes are cut, which the data's description says.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">The data.</param>
    /// <param name="signature">What the model takes.</param>
    /// <exception cref="OnnxEngineException">The data cannot be read, or the model fails on texts of any length.</exception>
    public static ModelData Open(OnnxModel model, DataOptions options, ModelSignature signature)
    {
        var data = ModelData.Open(options, signature.Inputs);
        if (data.LongestText == 0 || (data.Test ?? data.Train) is not { } items) return data;
        if (signature.Inputs[0].Geometry.ItemShape is [> 0]) return data;
        var subject = TaskSubject.Of(model.Proto, new EvaluationOptions());
        using var session = new TaskSession(subject, [.. subject.Outputs.Select(output => output.Name)]);
        string[] names = [.. subject.Inputs.Select(input => input.Name)];
        // Between a length that runs and one that does not; none at all is for others to say.
        var (runs, fails) = (0, items.Parts[0].ItemLength);
        if (Runs(fails) || !Runs(1)) return data;
        for (runs = 1; fails - runs > 1;)
            if ((runs + fails) / 2 is var middle && Runs(middle)) runs = middle;
            else fails = middle;
        return ModelData.Open(options with { MaxTokens = runs }, signature.Inputs);

        bool Runs(int length)
        {
            try
            {
                session.Run(new CutItem(items, names, length), (_, _) => { }, null, CancellationToken.None);
                return true;
            }
            catch (OnnxEngineException failure) when (failure.Kind == ErrorKind.Model)
            {
                return false;
            }
        }
    }

    // One item of another length, all of it the first token, so that none of it is padding.
    sealed class CutItem(ItemSet items, string[] names, int length) : ItemSet
    {
        public override int Count => 1;

        public override IReadOnlyList<int> ItemShape => [names.Length * length];

        internal override IReadOnlyList<ItemSet> Parts => [.. items.Parts.Zip(names, (part, name) =>
        {
            var whole = new float[part.ItemLength];
            part.Fill(0, 1, whole);
            float[] values = [.. Enumerable.Range(0, length).Select(at => TokenInputs.IsPositions(name) ? at : whole[0])];
            return (ItemSet)new StoredItemSet([length], [values], [-1]);
        })];

        public override int Label(int index) => -1;

        public override void Fill(int start, int count, Span<float> destination) => throw new NotSupportedException("Each input is fed by itself.");
    }
}
