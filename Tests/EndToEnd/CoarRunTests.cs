using System.Diagnostics;
using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class CoarRunTests(SlimSample sample)
{
    static readonly string[] _small = ["--examples", "40", "--budget", "120", "--chunk", "8"];

    string Plan(params string[] options)
    {
        var run = sample.New("");
        CliRunner.Run(["coar", "plan", sample.Model, .. options.Length > 0 ? options : _small, "-o", run, "-q"]).Expect(0);
        return run;
    }

    string Single()
    {
        var file = sample.New(".safetensors");
        CliRunner.Run(["coar", sample.Model, .. _small, "-o", file, "-q"]).Expect(0);
        return file;
    }

    [Fact]
    public void Machines_that_share_out_the_chunks_make_the_file_that_one_alone_makes()
    {
        var (single, run, file) = (Single(), sample.New(""), sample.New(".safetensors"));
        var plan = CliRunner.Run(["coar", "plan", sample.Model, .. _small, "-o", run, "--json"]).Expect(0).Json();
        Assert.Equal("onnxedit.coar-plan/1", plan.GetProperty("schema").GetString());
        var chunks = plan.GetProperty("chunks").GetInt32();
        Assert.InRange(plan.GetProperty("memory").GetProperty("sample").GetInt64(), 100_000_000, 1_500_000_000);

        var slurm = new Dictionary<string, string> { ["SLURM_ARRAY_TASK_ID"] = "3", ["SLURM_ARRAY_TASK_MIN"] = "2", ["SLURM_ARRAY_TASK_MAX"] = "3", ["SLURM_ARRAY_TASK_STEP"] = "1", ["SLURM_ARRAY_TASK_COUNT"] = "2" };
        var made = CliRunner.Run(["coar", "sample", run, "--shard", "auto", "--json"], env: slurm).Expect(0).Json();
        Assert.Equal(Enumerable.Range(0, chunks).Where(c => c % 2 == 1), made.GetProperty("made").EnumerateArray().Select(c => c.GetInt32()));
        Assert.Contains($"{chunks - chunks / 2} of {chunks} chunks are missing", CliRunner.Run(["coar", "merge", run]).ExpectError(4), StringComparison.Ordinal);
        Assert.Contains("chunks are missing", CliRunner.Run(["coar", "fit", run, "-o", file]).ExpectError(4), StringComparison.Ordinal);
        CliRunner.Run(["coar", "sample", run, "--only", "0"]).Expect(0);
        CliRunner.Run(["coar", "sample", run, "--shard", "0/2", "--threads", "2"]).Expect(0);
        Assert.Contains($"{chunks} chunks from", CliRunner.Run(["coar", "merge", run]).Expect(0).StdOut, StringComparison.Ordinal);
        CliRunner.Run(["coar", "fit", run, "-o", file]).Expect(0);
        Assert.Equal(File.ReadAllBytes(single), File.ReadAllBytes(file));
        // All is there: neither model nor data are opened.
        Assert.Contains($"0 chunks made, {chunks} were there", CliRunner.Run(["coar", "sample", run, "--model", "/nowhere"]).Expect(0).StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void One_call_can_keep_its_chunks_and_go_on_from_them()
    {
        var (single, run, file) = (Single(), sample.New(""), sample.New(".safetensors"));
        string[] call = ["coar", sample.Model, .. _small, "--run", run, "-o", file, "--force"];
        CliRunner.Run(call).Expect(0);
        Assert.Equal(File.ReadAllBytes(single), File.ReadAllBytes(file));
        foreach (var path in Directory.GetFiles(Path.Combine(run, "chunks")).Order().Skip(3)) File.Delete(path);
        CliRunner.Run(call).Expect(0);
        Assert.Equal(File.ReadAllBytes(single), File.ReadAllBytes(file));
        Assert.Contains("Another run is planned", CliRunner.Run([.. call, "--seed", "1"]).ExpectError(2), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-USR1", false)]
    [InlineData("-USR1", true)]
    [InlineData("-TERM", false)]
    [InlineData("-TERM", true)]
    [InlineData("-KILL", false)]
    public async Task A_task_that_is_stopped_goes_on_where_it_was(string signal, bool isRequeued)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signals to send to another process.");
        var cancellation = TestContext.Current.CancellationToken;
        // Minutes of work, so that no machine is done before it is told to stop.
        var run = Plan("--examples", "64", "--method", "ridge", "--budget", "20000", "--chunk", "50");
        var chunks = Path.Combine(run, "chunks");
        using (var watch = new FolderWatch(chunks, name => name.EndsWith(".safetensors", StringComparison.Ordinal), 2))
        using (var process = CliRunner.Start(["coar", "sample", run, .. isRequeued ? ["--requeue-ok"] : Array.Empty<string>()]))
        {
            var error = process.StandardError.ReadToEndAsync(cancellation);
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            await watch.SeenAsync(process, cancellation);
            Process.Start("kill", [signal, $"{process.Id}"]).WaitForExit();
            await process.WaitForExitAsync(cancellation);
            Assert.Equal(signal == "-KILL" ? 137 : isRequeued ? 0 : 130, process.ExitCode);
            Assert.Equal("", await output);
            if (signal != "-KILL") Assert.Contains("interrupted", await error, StringComparison.Ordinal);
        }
        var done = Directory.GetFiles(chunks, "*.safetensors").Length;
        Assert.InRange(done, 2, 399);
        var report = CliRunner.Run(["coar", "sample", run, "--only", $"0-{done}", "--json"]).Expect(0).Json();
        Assert.Equal([done], report.GetProperty("made").EnumerateArray().Select(c => c.GetInt32()));
        Assert.Equal(0, report.GetProperty("repaired").GetArrayLength());
    }

    [Fact]
    public void Another_model_under_the_planned_path_is_refused()
    {
        var run = Plan();
        var other = sample.New();
        sample.Slim("--sparsity 0.2 --recovery none --align 1", other).Expect(0);
        Assert.Contains("is not the one that the run was planned with", CliRunner.Run(["coar", "sample", run, "--model", other]).ExpectError(4), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.Combine(run, "chunks")));
    }

    [Fact]
    public void Scripts_for_clusters_are_ready_to_use()
    {
        var (run, script) = (Plan(), sample.New(".sbatch"));
        CliRunner.Run(["coar", "submit", run, "--slurm", "--tasks", "5", "--cpus", "2", "--time", "1:30:00", "-o", script]).Expect(0);
        var text = File.ReadAllText(script);
        foreach (var line in (string[])["#!/bin/bash", "#SBATCH --array=0-4", "#SBATCH --cpus-per-task=2", "#SBATCH --time=1:30:00", "#SBATCH --requeue", "#SBATCH --signal=B:USR1@60", $"run='{run}'"])
            Assert.Contains(line, text.Split('\n'));
        Assert.StartsWith("#!/bin/bash\n", text, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            using var bash = Process.Start("bash", ["-n", script]);
            bash.WaitForExit();
            Assert.Equal(0, bash.ExitCode);
        }
        var job = CliRunner.Run(["coar", "submit", run, "--k8s", "--tasks", "3", "--image", "registry.example/onnxedit:1"]).Expect(0).StdOut;
        foreach (var line in (string[])["kind: Job", "  completionMode: Indexed", "  completions: 3", "          image: \"registry.example/onnxedit:1\"", $"          command: [\"onnxedit\",\"coar\",\"sample\",\"{run}\",\"--shard\",\"auto\",\"--shards\",\"3\",\"--threads\",\"1\"]"])
            Assert.Contains(line, job.Split('\n'));
    }

    [Theory]
    [InlineData("plan MODEL", 2, "Name the folder")]
    [InlineData("plan MODEL -o RUN", 2, "Another run is planned")]
    [InlineData("plan MODEL --budget 5 -o NEW", 2, "give a budget of")]
    [InlineData("sample NEW", 2, "There is no run in")]
    [InlineData("sample RUN --shard 8/8", 2, "no shard 8 of 8")]
    [InlineData("sample RUN --shard auto", 2, "none of them is set")]
    [InlineData("sample RUN --shards 3", 2, "--shards goes with --shard auto")]
    [InlineData("sample RUN --only 1-x", 2, "named like 17,42-44")]
    [InlineData("sample RUN --model /nowhere.onnx", 2, "say where it is on this machine with --model")]
    [InlineData("sample RUN --data /nowhere", 4, "/nowhere")]
    [InlineData("submit RUN", 2, "--slurm or --k8s")]
    [InlineData("submit RUN --k8s", 2, "--image")]
    [InlineData("submit RUN --slurm --time soon", 2, "time limit")]
    public void What_cannot_be_done_is_said(string arguments, int code, string sentence)
    {
        var (run, fresh) = (Planned(), sample.New(""));
        string[] words = [.. arguments.Replace("MODEL", sample.Model, StringComparison.Ordinal).Replace("RUN", run, StringComparison.Ordinal).Replace("NEW", fresh, StringComparison.Ordinal).Split(' ')];
        Assert.Contains(sentence, CliRunner.Run(["coar", .. words]).ExpectError(code), StringComparison.Ordinal);
        Assert.False(Directory.Exists(fresh));
        Assert.Empty(Directory.GetFiles(Path.Combine(run, "chunks")));
    }

    static string? _planned;

    string Planned() => _planned ??= Plan();
}
