using OnnxEdit.Engine;

namespace OnnxEdit.Cli;

/// <summary>Shows nothing.</summary>
sealed class SilentProgress : IProgress<WorkProgress>
{
    public void Report(WorkProgress value)
    {
    }
}
