using System.Diagnostics;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Fuzz;

/// <summary>Does to a mutant what the commands do to a model, and says what became of it.</summary>
static class Check
{
    /// <summary>A data file of 4,096 bytes that lies beside every mutant.</summary>
    public const string DataFile = "weights.bin";

    const int LongestMessage = 2000;

    /// <summary>Runs one mutant.</summary>
    /// <param name="level">"validate" or "ort".</param>
    /// <param name="folder">An empty folder of the worker.</param>
    /// <param name="bytes">The mutant.</param>
    public static (Outcome Outcome, string Message, long Milliseconds, Exception? Exception) Run(string level, string folder, byte[] bytes)
    {
        var watch = Stopwatch.StartNew();
        var path = Path.Combine(folder, "mutant.onnx");
        File.WriteAllBytes(path, bytes);
        if (!File.Exists(Path.Combine(folder, DataFile))) File.WriteAllBytes(Path.Combine(folder, DataFile), new byte[4096]);
        try
        {
            if (level == "ort") Slim(OnnxModel.Load(path));
            else Validate(OnnxModel.Load(path), Path.Combine(folder, "copy.onnx"));
            return (Outcome.Ok, "", watch.ElapsedMilliseconds, null);
        }
        catch (Exception e)
        {
            var (outcome, message) = Judge(e);
            return (outcome, message, watch.ElapsedMilliseconds, e);
        }
    }

    static (Outcome Outcome, string Message) Judge(Exception e)
    {
        switch (e)
        {
            case OutOfMemoryException or InsufficientMemoryException: return (Outcome.Memory, Place(e));
            case OnnxEngineException { Kind: ErrorKind.VerificationFailed }: return (Outcome.Unverified, e.Message);
            case OnnxEditException:
                var bad = string.IsNullOrWhiteSpace(e.Message) || e.Message.Any(char.IsControl) || e.Message.Length > LongestMessage || !(e.Message[^1] is '.' or ')');
                return (bad ? Outcome.PoorMessage : Outcome.Refused, e.Message);
            default: return (Outcome.ManagedCrash, Place(e));
        }
    }

    // All that needs no ONNX Runtime: reading, validation, counting, the graph's index, dropping what is not read, writing.
    static void Validate(OnnxModel model, string copy)
    {
        _ = ModelCounts.Of(model.Proto);
        _ = ModelHistory.Read(model.Proto);
        var edited = model.Proto.Clone();
        var index = new GraphIndex(edited.Graph);
        foreach (var node in edited.Graph.Node)
            foreach (var output in node.Output) _ = index.Consumers(output);
        ConstantFolding.DropUnread(edited.Graph);
        if (edited.Graph.Node.Count == 0) return;
        model.With(edited).Save(copy, overwrite: true);
        _ = OnnxModel.Load(copy);
    }

    // Folding, tracing, channels, removal, equivalence with masks, verification.
    static void Slim(OnnxModel model)
    {
        _ = Slimmer.Slim(model, new SlimData(), new SlimOptions
        {
            Budget = SlimBudget.Sparsity(0.2),
            Score = "l2",
            Recovery = RecoveryKind.None,
            Align = 1,
            // Each worker has a process of its own.
            Execution = new ExecutionOptions { Threads = 1, LimitsAddressSpace = true },
        });
    }

    // The exception with the topmost place in our code: what a fault is recognised by.
    static string Place(Exception e)
    {
        var frame = (e.StackTrace ?? "").Split('\n').FirstOrDefault(l => l.Contains(" OnnxEdit.", StringComparison.Ordinal) && !l.Contains(" OnnxEdit.Fuzz.", StringComparison.Ordinal));
        var at = frame is null ? "" : frame.Trim().Split(" in ", 2)[0];
        return $"{e.GetType().Name} {at}: {e.Message}";
    }
}
