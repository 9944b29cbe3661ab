namespace OnnxEdit.Surgery.Model;

/// <summary>
/// What a run may take of the machine and of the process that it is in. Options of edits and measurements have a property
/// Execution for it; calls without one follow the scope that they stand in (<see cref="Enter"/>). A scope belongs to the flow
/// of control that opened it and to the tasks and threads started inside: runs side by side do not see each other's.
/// </summary>
/// <example>
/// <code>
/// using (ExecutionOptions.Enter(new ExecutionOptions { Threads = 2 }))
///     analysis = ChannelAnalysis.Of(NormalisedModel.Create(model.Proto));
/// </code>
/// </example>
public sealed record ExecutionOptions
{
    static readonly AsyncLocal<ExecutionOptions?> _current = new();
    static readonly ExecutionOptions _default = new();

    readonly int _threads;

    /// <summary>What a run follows here and now: the innermost scope, or the defaults outside of all.</summary>
    public static ExecutionOptions Current => _current.Value ?? _default;

    /// <summary>Threads to compute with, those of a session and those of loops of our own; 0: all cores.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public int Threads
    {
        get => _threads;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _threads = value;
        }
    }

    /// <summary>
    /// Where sessions over data run. Tracing and folding stay on the CPU: their graphs are run once and are small, and
    /// shapes do not depend on the device.
    /// </summary>
    public ExecutionDevice Device { get; init; }

    /// <summary>
    /// True puts a ceiling on the address space of the whole process while a model that nobody knows yet is traced, so that
    /// a model that asks for more memory than there is fails instead of the process (Linux only). Allocations of everything else in
    /// the process fail under it, too; it is meant for programs that do nothing but this, as the command line does.
    /// </summary>
    public bool LimitsAddressSpace { get; init; }

    /// <summary>The device in one word, for reports: "cpu" or "cuda".</summary>
    public string DeviceName => Device == ExecutionDevice.Cuda ? "cuda" : "cpu";

    /// <summary>Threads as a number: the processors of the machine where <see cref="Threads"/> is 0.</summary>
    public int ThreadCount => Threads > 0 ? Threads : Environment.ProcessorCount;

    /// <summary>Lets what is run from here on, in this flow of control, follow some options, until the scope is disposed of.</summary>
    /// <param name="options">The options; null: those that hold already.</param>
    /// <returns>The scope; disposing of it brings back what held before.</returns>
    public static IDisposable Enter(ExecutionOptions? options)
    {
        var scope = new Scope(_current.Value);
        if (options is not null) _current.Value = options;
        return scope;
    }

    sealed class Scope(ExecutionOptions? before) : IDisposable
    {
        public void Dispose() => _current.Value = before;
    }
}

/// <summary>Where the sessions that run over data are executed.</summary>
public enum ExecutionDevice
{
    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>The first CUDA device; needs a build with ONNX Runtime's CUDA provider (MSBuild switch -p:Gpu=true).</summary>
    Cuda,
}
