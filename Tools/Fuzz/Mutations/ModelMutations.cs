namespace OnnxEdit.Fuzz.Mutations;

/// <summary>The table of mutations that know what a model is. A new one is a function and a line here or in its family.</summary>
static class ModelMutations
{
    public static IReadOnlyList<(string Name, Action<MutationSite> Apply)> All { get; } =
        [.. NameMutations.All, .. GraphMutations.All, .. AttributeMutations.All, .. TensorMutations.All, .. GrowthMutations.All];
}
