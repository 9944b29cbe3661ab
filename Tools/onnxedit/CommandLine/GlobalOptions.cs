using System.CommandLine;

namespace OnnxEdit.Cli;

/// <summary>The options every command has, before or after the command's name.</summary>
sealed record GlobalOptions
{
    static readonly Option<bool> _json = Recursive(new Option<bool>("--json") { Description = "Print the result as JSON" });
    static readonly Option<ulong> _seed = Recursive(Numbers.Seed());
    static readonly Option<string> _device = Recursive(Device.Option());
    static readonly Option<int> _threads = Recursive(Numbers.Whole(
        "--threads", 0, 1024, 0, "Threads to compute with; 0: all cores", "ONNXEDIT_THREADS"));
    static readonly Option<bool> _force = Recursive(new Option<bool>("--force") { Description = "Overwrite files that exist" });
    static readonly Option<bool> _quiet = Recursive(new Option<bool>("--quiet", "-q") { Description = "No progress and no notes" });
    static readonly Option<bool> _verbose = Recursive(new Option<bool>("--verbose", "-v") { Description = "More notes; stack traces of errors" });

    /// <summary>What holds when a call could not be read.</summary>
    internal static GlobalOptions Defaults { get; } = new() { Json = false, Seed = 0, Threads = 0, Force = false, Quiet = false, Verbose = false, DeviceName = Device.Cpu };

    /// <summary>Print the result as JSON instead of tables.</summary>
    internal required bool Json { get; init; }

    /// <summary>Seed of every random draw.</summary>
    internal required ulong Seed { get; init; }

    /// <summary>Threads to compute with; 0 leaves it to the runtime.</summary>
    internal required int Threads { get; init; }

    /// <summary>Overwrite files that exist.</summary>
    internal required bool Force { get; init; }

    /// <summary>No progress and no notes.</summary>
    internal required bool Quiet { get; init; }

    /// <summary>More notes, and stack traces of errors.</summary>
    internal required bool Verbose { get; init; }

    /// <summary>cpu or cuda.</summary>
    internal required string DeviceName { get; init; }

    /// <summary>Declares the options on the root command.</summary>
    internal static void AddTo(RootCommand root)
    {
        foreach (var option in new Option[] { _json, _seed, _device, _threads, _force, _quiet, _verbose })
            root.Options.Add(option);
    }

    /// <summary>Reads the options of a call.</summary>
    internal static GlobalOptions Of(ParseResult parsed) => new()
    {
        Json = parsed.GetValue(_json),
        Seed = parsed.GetValue(_seed),
        Threads = parsed.GetValue(_threads),
        Force = parsed.GetValue(_force),
        Quiet = parsed.GetValue(_quiet),
        Verbose = parsed.GetValue(_verbose),
        DeviceName = parsed.GetValue(_device) ?? Device.Cpu,
    };

    static T Recursive<T>(T option) where T : Option
    {
        option.Recursive = true;
        return option;
    }
}
