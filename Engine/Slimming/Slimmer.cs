using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Proto;
namespace OnnxEdit.Engine;
/// <summary>x</summary>
public static class Slimmer
{
    /// <summary>x</summary>
    public static ModelProto Slim(OnnxModel model, ImageSet images, SlimOptions options, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        var sw = System.Diagnostics.Stopwatch.StartNew();
        var normal = NormalisedModel.Create(model.Proto);
        var analysis = ChannelAnalysis.Of(normal);
        Dictionary<ChannelGroup, GroupCurve> curves; using (var grams = new CalibrationGrams(normal, images, options, cancellation)) curves = ReconstructionCurves.Measure(analysis, (_, t, i) => grams.Of(t, i), progress, cancellation);
        Console.Error.WriteLine($"curves {sw.Elapsed.TotalSeconds:f1}");
        foreach (var (g, c) in curves) Console.Error.WriteLine($"  {g.Name} {g.Cells.Count} first {c.Damage[0]:g3} half {c.Damage[c.Damage.Count / 2]:g3} sum {c.Damage.Sum():g3}");
        var (removed, reached) = Allocation.Choose(analysis, curves, g => g.Parameters, c => c.Parameters <= (1 - options.Sparsity!.Value) * c.TotalParameters);
        foreach (var (g, c) in curves) Console.Error.WriteLine($"  {g.Name} removed {g.Cells.Count(x => removed[x])}/{g.Cells.Count}");
        var slim = ChannelRemoval.Apply(analysis, removed);
        Console.Error.WriteLine($"removed {sw.Elapsed.TotalSeconds:f1} reached {reached}");
        LeastSquaresRecovery.Apply(analysis, slim, removed, images, options, progress, cancellation);
        Console.Error.WriteLine($"recovered {sw.Elapsed.TotalSeconds:f1}");
        return slim;
    }
}
