using System.Runtime.CompilerServices;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.OnnxSurgery.Tests;

/// <summary>Tests keep all cores busy side by side: more threads for each would wait for one another.</summary>
static class OneThreadEach
{
    // Before the tests' Main, so that all they start inherits it.
    [ModuleInitializer]
    internal static void Enter() => ExecutionOptions.Enter(new ExecutionOptions { Threads = 1 });
}
