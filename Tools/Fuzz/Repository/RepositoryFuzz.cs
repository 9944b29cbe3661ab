using System.Globalization;

namespace OnnxEdit.Fuzz;

/// <summary>Runs many sequences of changes in a repository that is being served (<see cref="RepositorySequence"/>).</summary>
static class RepositoryFuzz
{
    internal static int Run(string[] args)
    {
        if (args.Length > 3 || Array.Exists(args, arg => !int.TryParse(arg, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
        {
            Console.Error.WriteLine("Fuzz repository [COUNT [SEED [FIRST]]]");
            return 2;
        }
        var numbers = args.Select(arg => int.Parse(arg, CultureInfo.InvariantCulture)).ToArray();
        var (count, first) = (numbers.ElementAtOrDefault(0) is > 0 and var given ? given : 10_000, numbers.ElementAtOrDefault(2));
        var faults = RunAsync(first, count, numbers.ElementAtOrDefault(1), Console.Error.WriteLine).GetAwaiter().GetResult();
        foreach (var fault in faults) Console.WriteLine($"fault: {fault}");
        Console.WriteLine($"{count} sequences, {faults.Count} faults");
        return faults.Count == 0 ? 0 : 1;
    }

    /// <summary>Runs sequences.</summary>
    /// <param name="first">Number of the first one.</param>
    /// <param name="count">How many.</param>
    /// <param name="seed">The same number and seed give the same sequence.</param>
    /// <param name="note">Told now and then how far it is.</param>
    /// <returns>What went wrong, with the number of the sequence.</returns>
    internal static async Task<IReadOnlyList<string>> RunAsync(int first, int count, int seed, Action<string>? note = null)
    {
        List<string> faults = [];
        var done = 0;
        await Parallel.ForEachAsync(Enumerable.Range(first, count), new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, async (number, _) =>
        {
            var folder = Directory.CreateTempSubdirectory("onnxedit-fuzz-").FullName;
            string? fault;
            try
            {
                await using var sequence = new RepositorySequence(folder, new Random(unchecked(seed * 1_000_003 + number)));
                fault = await sequence.RunAsync();
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
            lock (faults)
            {
                if (fault is not null) faults.Add($"sequence {number}: {fault}");
                if (++done % 1000 == 0) note?.Invoke($"{done} sequences, {faults.Count} faults");
            }
        });
        return faults;
    }
}
