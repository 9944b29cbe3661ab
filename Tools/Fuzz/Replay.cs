namespace OnnxEdit.Fuzz;

/// <summary>Runs one mutant in this process, under a debugger for instance.</summary>
static class Replay
{
    public static int Run(FuzzOptions options, long number)
    {
        var mutant = Mutant.Make(new Corpus(options.Sources, options.LargestSource), options.Seed, number);
        Console.WriteLine($"mutant {number} of {mutant.Source}: {string.Join(", ", mutant.Edits)}; {mutant.Bytes.Length:N0} bytes");
        var folder = Directory.CreateTempSubdirectory("onnxedit-fuzz-").FullName;
        try
        {
            var (outcome, message, milliseconds, exception) = Check.Run(options.Level, folder, mutant.Bytes);
            Console.WriteLine($"{outcome} after {milliseconds} ms: {message}");
            if (outcome > Outcome.Refused) Console.WriteLine(exception);
            return outcome > Outcome.Unverified ? 1 : 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
