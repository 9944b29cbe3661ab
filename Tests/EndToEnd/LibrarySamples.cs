using OnnxEdit.Engine.Attribution;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Editing;
using OnnxEdit.Engine.Finetuning;
using OnnxEdit.Engine.Reporting;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training;
using OnnxEdit.Engine.Unlearning;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.EndToEnd;

/// <summary>
/// The samples of docs/library.md. What stands between "sample: NAME" and "end" is in the document line by line, and
/// <see cref="DocumentTests"/> runs all of it in a folder that holds the built-in sample.
/// </summary>
static class LibrarySamples
{
    internal static (OnnxModel Model, ModelData Data) Open()
    {
        // sample: open
        var model = OnnxModel.Load("model.onnx");
        var data = ModelData.Open(
            new DataOptions { Path = "data", Preprocessing = new Preprocessing { Mean = [0.5f], Std = [0.25f] }, Calibration = 500 },
            ClassifierSignature.Of(model.Proto).Input);
        // end
        return (model, data);
    }

    internal static void Slim(OnnxModel model, ModelData data)
    {
        // sample: slim
        var result = Slimmer.Slim(model, SlimData.Of(data), new SlimOptions { Budget = SlimBudget.Sparsity(0.4) });
        result.Model!.Save("slim.onnx");
        Console.WriteLine($"{result.Report.Before.Parameters:N0} -> {result.Report.After.Parameters:N0} parameters");
        Console.WriteLine($"{100 * result.Report.Difference!.Difference:F2} points of top-1, +- {100 * result.Report.Difference.StandardError:F2}");
        // end
    }

    internal static void Unlearn(OnnxModel model, ModelData data)
    {
        // sample: unlearn
        var result = Unlearner.Unlearn(model, UnlearnData.Of(data), new UnlearnOptions { Classes = [3] });
        result.Model.Save("unlearn.onnx");
        var (before, after) = result.Report.Measured!.ForgottenAccuracy;
        Console.WriteLine($"class 3: {before:P1} -> {after:P1}, others: {100 * result.Report.Measured.Retained.Difference:F2} points");
        // end
    }

    internal static void Attribute(OnnxModel model, ModelData data)
    {
        // sample: attribute
        var examples = data.Test!.Select([0, 1, 2, 3]);
        using var attributor = new Attributor(model, examples, new AttributionOptions { Budget = 200 });
        var found = attributor.Attribute();
        found.Save("model.coar.safetensors", overwrite: true);
        var best = Enumerable.Range(0, found.Components.Count).MaxBy(c => found.Scores[0][c]);
        Console.WriteLine($"image 0 owes most to {found.Components[best]}: {found.Scores[0][best]:F3} +- {found.StandardErrors[0][best]:F3}");
        // end
    }

    internal static void Edit(OnnxModel model, ModelData data)
    {
        // sample: edit
        EditRequest[] wanted = [new("test:17", data.Test!, 17, Label: 2)];
        var result = ModelEditor.Edit(model, data, wanted, new EditOptions());
        result.Model.Save("edit.onnx");
        Console.WriteLine($"{result.Report.Images[0].Before} -> {result.Report.Images[0].After}, {result.Report.Changed.Count} test images changed class");
        // end
    }

    internal static void Finetune(OnnxModel model, ModelData data)
    {
        // sample: finetune
        var slim = OnnxModel.Load("slim.onnx");
        var result = Finetuner.Finetune(slim, data, new FinetuneOptions { Teacher = model, Steps = 60 });
        result.Model.Save("finetuned.onnx");
        Console.WriteLine($"top-1 {result.Report.Before?.Top1:P1} -> {result.Report.After?.Top1:P1}, best after {result.Report.BestStep} steps");
        // end
    }

    internal static void Report(OnnxModel model, ModelData data)
    {
        // sample: report
        var report = ModelComparison.Measure(model, OnnxModel.Load("slim.onnx"), data);
        foreach (var layer in report.Layers.Where(layer => layer.IsResized))
            Console.WriteLine($"{layer.Name}: {layer.ChannelsBefore} -> {layer.ChannelsAfter} channels");
        Console.WriteLine($"{report.Latency[0].SpeedUp!.Value.Median:F2}x as fast at batch 1");
        // end
    }
}
