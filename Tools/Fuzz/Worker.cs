using System.Globalization;

namespace OnnxEdit.Fuzz;

/// <summary>The worker process: reads numbers of mutants from the standard input and answers with verdicts.</summary>
static class Worker
{
    public static int Run(FuzzOptions options)
    {
        var corpus = new Corpus(options.Sources, options.LargestSource);
        var folder = Directory.CreateTempSubdirectory("onnxedit-fuzz-").FullName;
        try
        {
            Console.Out.WriteLine("ready");
            while (Console.In.ReadLine() is { Length: > 0 } line)
            {
                var number = long.Parse(line, CultureInfo.InvariantCulture);
                var mutant = Mutant.Make(corpus, options.Seed, number);
                var (outcome, message, milliseconds, _) = Check.Run(options.Level, folder, mutant.Bytes);
                Console.Out.WriteLine(new Verdict(number, outcome, milliseconds, message).ToLine());
            }
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
