// A program of somebody else: it uses ONNX Runtime itself and edits models beside that, by the packed libraries alone.
// PackedHostTests puts it into a project outside the repository, with the samples of docs/library.md in Samples.cs.
using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Attribution;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Editing;
using OnnxEdit.Engine.Sample;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Unlearning;
using OnnxEdit.Surgery.Model;

SampleFolder.Write(".");
if (args is ["samples"]) Samples.Run();
else Guest.Run();
Console.WriteLine($"ORT_DISABLE_TELEMETRY is {Host.Native("ORT_DISABLE_TELEMETRY") ?? "not set"}");

static class Guest
{
    internal static void Run()
    {
        // The first to touch ONNX Runtime is the host.
        using var own = new InferenceSession("model.onnx");
        // It has decided on telemetry by now; who still sets the variable does so unasked.
        Host.Unset("ORT_DISABLE_TELEMETRY");
        var limits = Host.AddressSpace();
        var model = OnnxModel.Load("model.onnx");
        var data = ModelData.Open(
            new DataOptions { Path = "data", Preprocessing = new Preprocessing { Mean = [0.5f], Std = [0.25f] }, Calibration = 300 },
            ClassifierSignature.Of(model.Proto).Input);

        var (slim, unlearn) = (Slim(model, data, 1), Unlearn(model, data, 2));
        var (edit, attribute) = (Edit(model, data, 1), Attribute(model, data, 2));
        Console.WriteLine($"alone: {slim.Length}, {unlearn.Length}, {edit.Length} bytes, {attribute.Length} scores");

        byte[] first = [], second = [], third = [];
        float[] fourth = [];
        AtOnce(() => first = Slim(model, data, 1), () => second = Unlearn(model, data, 2));
        AtOnce(() => third = Edit(model, data, 1), () => fourth = Attribute(model, data, 2));
        Require(first.AsSpan().SequenceEqual(slim), "A slim beside another edit is that of a slim alone.");
        Require(second.AsSpan().SequenceEqual(unlearn), "A class is forgotten beside another edit as it is alone.");
        Require(third.AsSpan().SequenceEqual(edit), "An edit beside attributions is that of an edit alone.");
        Require(fourth.AsSpan().SequenceEqual(attribute), "Attributions beside an edit are those of attributions alone.");

        Require(ExecutionOptions.Current == new ExecutionOptions(), "Nothing is left behind for the host's own calls.");
        Require(Host.AddressSpace() == limits, "The address space of the host has the limit that it had.");
        using var input = OrtValue.CreateTensorValueFromMemory(new float[3 * 32 * 32], [1, 3, 32, 32]);
        using var options = new RunOptions();
        using var outputs = own.Run(options, ["input"], [input], ["logits"]);
        Require(outputs[0].GetTensorDataAsSpan<float>().Length == 10, "The host's session answers.");
        Console.WriteLine("at once: the same");
    }

    static byte[] Slim(OnnxModel model, ModelData data, int threads)
    {
        var watch = new Watch(threads);
        // Fewer images than there are: what is looked at is that the work is done, not how well.
        var images = SlimData.Of(data) with { Test = Some(data.Test, 500), HeldOut = Some(data.Test, 500) };
        var result = Slimmer.Slim(model, images, new SlimOptions { Budget = SlimBudget.Sparsity(0.3), Align = 1, Execution = new() { Threads = threads } }, watch);
        Require(result.Report.After.Parameters < 0.71 * result.Report.Before.Parameters, "Channels are gone.");
        watch.RequireOwnThreads();
        return result.Model!.Proto.ToByteArray();
    }

    static byte[] Unlearn(OnnxModel model, ModelData data, int threads)
    {
        var watch = new Watch(threads);
        var images = UnlearnData.Of(data) with { Validation = Some(data.Validation, 300), Test = Some(data.Test, 500) };
        var options = new UnlearnOptions { Classes = [3], Calibration = 500, RetainDrop = 100, Match = 1, Execution = new() { Threads = threads } };
        var result = Unlearner.Unlearn(model, images, options, watch);
        var (before, after) = result.Report.Measured!.ForgottenAccuracy;
        Require(before > 0.5 && after < 0.2, $"Class 3 is forgotten, {before} -> {after}.");
        watch.RequireOwnThreads();
        return result.Model.Proto.ToByteArray();
    }

    static byte[] Edit(OnnxModel model, ModelData data, int threads)
    {
        var watch = new Watch(threads);
        var result = ModelEditor.Edit(model, data, [new("test:17", data.Test!, 17, Label: 2)], new EditOptions { Execution = new() { Threads = threads } }, watch);
        Require(result.Report.Images[0].After == 2, "The image has its label.");
        watch.RequireOwnThreads();
        return result.Model.Proto.ToByteArray();
    }

    static float[] Attribute(OnnxModel model, ModelData data, int threads)
    {
        var watch = new Watch(threads);
        var found = Attributor.Attribute(model, data.Test!.Select([0, 1, 2, 3]), new AttributionOptions { Budget = 100, Execution = new() { Threads = threads } }, watch);
        float[] scores = [.. found.Scores.SelectMany(s => s)];
        Require(scores.All(float.IsFinite) && scores.Any(s => s != 0), "Components have scores.");
        watch.RequireOwnThreads();
        return scores;
    }

    static ItemSet Some(ItemSet? images, int count) => images!.Select([.. Enumerable.Range(0, count)]);

    static void AtOnce(Action one, Action other)
    {
        var thread = new Thread(() => Host.OrExit(one));
        thread.Start();
        other();
        thread.Join();
    }

    internal static void Require(bool holds, string what)
    {
        if (!holds) throw new InvalidOperationException($"Does not hold: {what}");
    }

    // Progress is told from inside of the work, where the threads of a run are its own, whatever others have.
    sealed class Watch(int threads) : IProgress<WorkProgress>
    {
        int _calls, _others;

        public void Report(WorkProgress value)
        {
            Interlocked.Increment(ref _calls);
            if (ExecutionOptions.Current.Threads != threads) Interlocked.Increment(ref _others);
        }

        internal void RequireOwnThreads() => Require(_calls > 0 && _others == 0, $"{_calls} reports of progress come from runs of {threads} threads, but {_others} do not.");
    }
}

static class Host
{
    internal static string AddressSpace() =>
        OperatingSystem.IsLinux() ? File.ReadLines("/proc/self/limits").Single(line => line.StartsWith("Max address space", StringComparison.Ordinal)) : "";

    // What code in C sees, .NET's own copy of the environment left aside.
    internal static string? Native(string name) => OperatingSystem.IsWindows() ? Environment.GetEnvironmentVariable(name) : Marshal.PtrToStringUTF8(GetEnv(name));

    internal static void OrExit(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(e);
            Environment.Exit(1);
        }
    }

    internal static void Unset(string name)
    {
        if (OperatingSystem.IsWindows()) Environment.SetEnvironmentVariable(name, null);
        else _ = UnsetEnv(name);
    }

    [DllImport("libc", EntryPoint = "unsetenv")]
    private static extern int UnsetEnv(string name);

    [DllImport("libc", EntryPoint = "getenv")]
    private static extern nint GetEnv(string name);
}
