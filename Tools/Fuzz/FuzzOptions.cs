using System.Globalization;

namespace OnnxEdit.Fuzz;

/// <summary>The command line.</summary>
sealed record FuzzOptions
{
    /// <summary>"validate" or "ort".</summary>
    public required string Level { get; init; }

    /// <summary>Files, folders, or generated:N for N random networks.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>Number of mutants.</summary>
    public long Count { get; init; } = 1000;

    /// <summary>Number of the first mutant.</summary>
    public long First { get; init; }

    /// <summary>Seed of all mutants.</summary>
    public ulong Seed { get; init; }

    /// <summary>Worker processes.</summary>
    public int Workers { get; init; } = Math.Max(1, Environment.ProcessorCount);

    /// <summary>Processor seconds that one mutant may take.</summary>
    public double Seconds { get; init; } = 30;

    /// <summary>Resident megabytes that a worker may take.</summary>
    public long Megabytes { get; init; } = 2048;

    /// <summary>Larger source files are left out, in megabytes.</summary>
    public double LargestSource { get; init; } = 5;

    /// <summary>Where findings are saved.</summary>
    public string Findings { get; init; } = "fuzz-findings";

    /// <summary>Runs this one mutant here, in this process, and shows what happens.</summary>
    public long? Replay { get; init; }

    /// <summary>True in a worker process.</summary>
    public bool IsWorker { get; init; }

    /// <summary>Parses; null where the words make no sense.</summary>
    public static FuzzOptions? Parse(string[] args)
    {
        if (args is not [("validate" or "ort") and var level, .. var rest]) return null;
        var options = new FuzzOptions { Level = level, Sources = [] };
        List<string> sources = [];
        for (var i = 0; i < rest.Length; i++)
        {
            if (!rest[i].StartsWith("--", StringComparison.Ordinal)) sources.Add(rest[i]);
            else if (rest[i] == "--worker") options = options with { IsWorker = true };
            else if (++i == rest.Length) return null;
            else if (With(options, rest[i - 1], rest[i]) is { } changed) options = changed;
            else return null;
        }
        return sources.Count == 0 ? null : options with { Sources = sources };
    }

    /// <summary>The command line of a worker for the same mutants.</summary>
    public IEnumerable<string> WorkerArguments() =>
        [Level, .. Sources, "--worker", "--seed", Text(Seed), "--largest", Text(LargestSource)];

    /// <summary>How to see one mutant again.</summary>
    public string ReplayCommand(long number) =>
        $"{Level} {string.Join(' ', Sources)} --seed {Text(Seed)} --largest {Text(LargestSource)} --replay {Text(number)}";

    static FuzzOptions? With(FuzzOptions o, string name, string value) => name switch
    {
        "--count" => o with { Count = long.Parse(value, CultureInfo.InvariantCulture) },
        "--first" => o with { First = long.Parse(value, CultureInfo.InvariantCulture) },
        "--seed" => o with { Seed = ulong.Parse(value, CultureInfo.InvariantCulture) },
        "--workers" => o with { Workers = int.Parse(value, CultureInfo.InvariantCulture) },
        "--seconds" => o with { Seconds = double.Parse(value, CultureInfo.InvariantCulture) },
        "--megabytes" => o with { Megabytes = long.Parse(value, CultureInfo.InvariantCulture) },
        "--largest" => o with { LargestSource = double.Parse(value, CultureInfo.InvariantCulture) },
        "--findings" => o with { Findings = value },
        "--replay" => o with { Replay = long.Parse(value, CultureInfo.InvariantCulture) },
        _ => null,
    };

    static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
