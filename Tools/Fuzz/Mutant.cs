using Google.Protobuf;
using OnnxEdit.Fuzz.Mutations;
using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Fuzz;

/// <summary>A damaged model. The same seed, number and corpus give the same bytes.</summary>
/// <param name="Source">Name of the model it was made from.</param>
/// <param name="Edits">What was done to it.</param>
/// <param name="Bytes">The file.</param>
sealed record Mutant(string Source, IReadOnlyList<string> Edits, byte[] Bytes)
{
    /// <summary>Makes a mutant.</summary>
    public static Mutant Make(Corpus corpus, ulong seed, long number)
    {
        var random = new Philox4x32(seed, (ulong)number);
        var source = corpus.Draw(random);
        List<string> edits = [];
        var bytes = source.Bytes;
        var family = random.NextInt(10);
        if (family >= 4 && source.Proto is not null)
        {
            var model = source.Proto.Clone();
            for (var left = 1 + random.NextInt(3); left > 0; left--)
            {
                var (name, apply) = ModelMutations.All[random.NextInt(ModelMutations.All.Count)];
                apply(new MutationSite(model, random));
                edits.Add(name);
            }
            bytes = model.ToByteArray();
            family = random.NextInt(16); // now and then damaged bytes on top
        }
        if (family < 2)
            bytes = ByteMutations.Apply(bytes, random, edits);
        else if (family < 4)
            bytes = FieldMutations.Apply(bytes, random, edits);
        return new Mutant(source.Name, edits, bytes);
    }
}
