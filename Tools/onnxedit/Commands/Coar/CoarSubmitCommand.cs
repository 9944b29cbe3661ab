using System.CommandLine;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Attribution.Runs;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>Writes a batch script or a job manifest for a run.</summary>
sealed class CoarSubmitCommand : CliCommand
{
    readonly Argument<string> _folder = new("run") { Description = "The folder of the run" };
    readonly Option<bool> _slurm = new("--slurm") { Description = "A script for sbatch: a job array" };
    readonly Option<bool> _kubernetes = new("--k8s") { Description = "A manifest for kubectl apply: an Indexed Job" };
    readonly Option<int> _tasks = Numbers.Whole("--tasks", 1, 100_000, 8, "Number of tasks");
    readonly Option<int> _cpus = Numbers.Whole("--cpus", 1, 1024, 1, "Cores for each task");
    readonly Option<string?> _time = new("--time") { Description = "Time limit of a task for Slurm, such as 1:00:00; the task is started again where it was cut off", HelpName = "TIME" };
    readonly Option<string?> _image = new("--image") { Description = "Container image with onnxedit in it", HelpName = "IMAGE" };
    readonly Option<string> _claim = new("--claim") { Description = "Persistent volume claim that holds run, model and data", HelpName = "NAME", DefaultValueFactory = _ => "coar" };
    readonly Option<string?> _out = new("--out", "-o") { Description = "Where to write [default: printed]", HelpName = "FILE" };

    internal CoarSubmitCommand() : base(
        "submit",
        "Writes a script with which a cluster runs all chunks of a run. Submits nothing.",
        "onnxedit coar submit run --slurm --tasks 8 --time 1:00:00 -o run.sbatch",
        "onnxedit coar submit run --k8s --tasks 8 --image registry.example/onnxedit:0.1.0 -o job.yaml")
    {
        Arguments.Add(_folder);
        foreach (var option in new Option[] { _slurm, _kubernetes, _tasks, _cpus, _time, _image, _claim, _out }) Options.Add(option);
    }

    internal override void Execute(CommandContext context)
    {
        if (context.Get(_slurm) == context.Get(_kubernetes)) throw new OnnxEngineException(ErrorKind.Usage, "Say what the script is for: --slurm or --k8s.");
        var run = RunFolder.Open(context.Get(_folder)!);
        var tasks = new TaskOptions { Tasks = context.Get(_tasks), Cpus = context.Get(_cpus), TimeLimit = context.Get(_time) };
        var text = context.Get(_slurm) ? SlurmScript.Write(run, tasks, Program())
            : KubernetesJob.Write(run, tasks, context.Get(_image) ?? throw new OnnxEngineException(ErrorKind.Usage, "Name the container image that has onnxedit in it, with --image."), context.Get(_claim)!);
        if (context.Get(_out) is not { } path)
        {
            Console.Out.Write(text);
            return;
        }
        OutputTarget.Require(path, context.Global.Force);
        AtomicFile.WriteText(path, text, context.Global.Force);
        context.Output.Line($"wrote {path}");
    }

    // As this process was started: the program itself, or the runtime and the assembly.
    static string[] Program()
    {
        var process = Environment.ProcessPath ?? "onnxedit";
        return Path.GetFileNameWithoutExtension(process) == "dotnet" ? [process, "exec", Path.Combine(AppContext.BaseDirectory, "onnxedit.dll")] : [process];
    }
}
