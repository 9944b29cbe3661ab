using System.Reflection;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using OnnxEdit.Kernels.Moments;
using Xunit;

namespace OnnxEdit.Kernels.Tests;

/// <summary>Kernels compile for CUDA devices on machines that have none.</summary>
public sealed class PtxTests
{
    public static TheoryData<string> Kernels =>
        [.. typeof(IlgpuKernels).GetMethods(BindingFlags.Public | BindingFlags.Static).Select(m => m.Name)];

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Every_kernel_compiles_to_ptx_without_a_device(string kernel)
    {
        var method = typeof(IlgpuKernels).GetMethod(kernel)!;
        (CudaArchitecture Architecture, CudaInstructionSet Set, string Target)[] targets =
        [
            (CudaArchitecture.SM_70, CudaInstructionSet.ISA_60, "sm_70"),
            (CudaArchitecture.SM_80, CudaInstructionSet.ISA_70, "sm_80"),
            // ILGPU 1.5 writes the sm_80 dialect for every newer device; drivers translate it for sm_90.
            (CudaArchitecture.SM_90, CudaInstructionSet.ISA_78, "sm_80"),
        ];
        using var context = Context.Create(builder => builder.Optimize(OptimizationLevel.O2));
        foreach (var (architecture, set, target) in targets)
        {
            using var backend = new PTXBackend(context, architecture, set, null!);
            var compiled = (PTXCompiledKernel)backend.Compile(
                EntryPointDescription.FromImplicitlyGroupedKernel(method), new KernelSpecialization());
            Assert.Contains($".target {target}", compiled.PTXAssembly);
            Assert.Contains(".entry", compiled.PTXAssembly);
        }
    }

    [Fact]
    public void A_machine_without_cuda_is_told_so_in_one_sentence()
    {
        using var context = Context.Create(builder => builder.Cuda());
        if (context.GetCudaDevices().Count > 0)
            Assert.Skip("This machine has a CUDA device.");
        Assert.Contains("No CUDA device", Assert.Throws<OnnxKernelException>(IlgpuBackend.OnCuda).Message);
    }
}
