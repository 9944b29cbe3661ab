using System.Globalization;
using OnnxEdit.Benchmarks;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Tests.Support;

// Several of these side by side want a thread each.
using var execution = ExecutionOptions.Enter(
    int.TryParse(Environment.GetEnvironmentVariable("ONNXEDIT_THREADS"), out var threads) ? new ExecutionOptions { Threads = threads } : null);

switch (args)
{
    case ["moments", .. var rest]:
        return MomentsBandwidth.Run(rest);
    case ["slim", .. var rest]:
        return SlimAccuracy.Run(rest);
    case ["ablation", .. var rest]:
        return SlimAblation.Run(rest);
    case ["latency", .. var rest]:
        return SlimLatency.Run(rest);
    case ["unlearn", .. { Length: > 0 } rest]:
        return UnlearnAccuracy.Run(rest);
    case ["relearn", .. [_, _, _] rest]:
        return Relearning.Run(rest);
    case ["cholesky", .. { Length: > 0 } rest]:
        return CholeskyInverse.Run(rest);
    case ["training", .. { Length: > 0 } rest]:
        return TrainingStep.Run(rest);
    case ["convolutions", .. var rest]:
        return ConvolutionForms.Run(rest);
    case ["edits", .. { Length: > 0 } rest]:
        return RandomEdits.Run(rest);
    case ["edits-sweep", .. { Length: > 0 } rest]:
        return EditSweep.Run(rest);
    case ["finetune", .. { Length: > 0 } rest]:
        return FinetuneRecovery.Run(rest);
    case ["coverage", .. { Length: > 0 } rest]:
        return Coverage.Run(rest);
    case ["randomise", .. [_, _, _] rest]:
        return RandomWeights.Run(rest);
    case ["stamped", .. [_, _] rest]:
        return StampedImages.Run(rest);
    case ["attributions", .. [_, _, _, _] rest]:
        return AttributionQuality.Run(rest);
    case ["language", .. { Length: > 0 } rest]:
        return LanguageSample.Run(rest);
    case ["mistakes", .. { Length: > 0 } rest]:
        return SingleMistakes.Run(rest);
    case ["ablations", .. { Length: > 0 } rest]:
        return AblationSpeed.Run(rest);
    case ["big-model", .. [_, _] rest]:
        BigModel.Write(rest[0], double.Parse(rest[1], CultureInfo.InvariantCulture));
        return 0;
    case ["serving", .. { Length: > 0 } rest]:
        return ServingLoad.Run(rest);
    default:
        Console.Error.WriteLine("""
            Benchmarks: the figures in docs/ come from these commands. Data and models lie in $ONNXEDIT_SHARED.
              moments [THREADS]                              bandwidth of pooled moments against memory reads
              slim MODEL,... SPARSITY,... SEEDS [SCORE,... [IMAGES]]
                                                             accuracy after slimming, mean of the seeds
              ablation MODEL,... SPARSITY,...                what each part of the pipeline is worth
              latency MODEL,... SPARSITY,...                 aligned models: speed-up against the MAC ratio
              unlearn MODEL,... [CLASS,...|all [METHOD,...]] each class forgotten in turn
              relearn MODEL CLASS STEPS                      how fast a forgotten class is learned again from labels
              cholesky SIZE,...                              inverse of a Gram matrix: ours against MathNet
              training MODEL [BATCH [THREADS]]               a training step against PyTorch eager, in turns
              convolutions [BATCH]                           forms of a convolution and its gradients
              edits MODEL EDITS [EDITOR,... [OTHERS]]        drawdown, success and steps of edits to random classes
              edits-sweep MODEL [EDITS [OTHERS [EDITOR,... [LAYERS;...]]]]
                                                             step sizes of the gradient editors
              finetune MODEL SLIM.onnx [OPTIONS...]          what distillation brings back after slimming
              coverage FOLDER...                             slim every model of these folders; writes docs/coverage.md
              randomise MODEL OUT SEED                       the model with seeded random weights
              stamped CIFAR10 FOLDER                         images that the flawed networks fail on
              attributions MODEL EXAMPLES ALPHA METHOD:BUDGET,...   correlation with fresh ablations against cost
              language FOLDER [STEPS]                        train a small language model on made-up text
              mistakes MODEL [MISTAKES [OTHERS [BUDGET [MOST]]]]    single mistakes corrected by ablating components
              ablations MODEL [EXAMPLES [THREADS]]           ablated forward passes beside dense ones and a PyTorch loop
              big-model OUT GB                               a chain of wide layers with external data of that size
              serving MODEL [SECONDS [SOAK_SECONDS ["OPTIONS OF SERVE"]]]
                                                             served against a bare loop, latency at half load, overload, memory
            """);
        return 2;
}
