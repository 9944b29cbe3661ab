using System.Diagnostics;
using System.Globalization;
using OnnxEdit.Engine.Sample;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Engine.Training;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.SampleTrainer;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

// Trains the network of `onnxedit sample` from nothing:
// dotnet run -c Release --project Tools/SampleTrainer -- OUTPUT.onnx [STEPS]
// The file that Engine embeds came from an earlier trainer with layers of its own, and keeps its bytes, since measured
// figures rest on it. This one makes a network of the same graph that is as good, not the same bytes.
const int Batch = 64;
const double LargestStep = 0.05, Momentum = 0.9, Decay = 5e-4, WarmUp = 0.025;
// The sample's own files hold the pictures below this number.
const int FirstPicture = 1 << 24;

if (args.Length is < 1 or > 2)
{
    Console.Error.WriteLine("usage: SampleTrainer OUTPUT.onnx [STEPS]");
    return 2;
}
if (File.Exists(args[0]))
{
    Console.Error.WriteLine($"'{args[0]}' already exists; choose another name.");
    return 2;
}

// One thread, so that sums do not depend on the number of cores.
using var execution = ExecutionOptions.Enter(new ExecutionOptions { Threads = 1 });
var steps = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 4000;
var network = SampleNetwork.Build(SampleFolder.Seed);
using var session = TrainingSession.Create(
    NormalisedModel.Create(network), ClassifierSignature.Of(network), new TrainingSessionOptions { Batch = Batch, FollowStatistics = true });
var rule = new GradientDescent { StepSize = LargestStep, Momentum = Momentum, Decay = Decay };
// Every step has pictures of its own, so none is seen twice.
var pictures = new DrawnPictures(FirstPicture, steps * Batch);
var classes = SampleImages.ClassNames.Count;
Console.WriteLine($"{session.Weights.Sum(w => w.Values.Length):N0} parameters, {steps:N0} steps");
var (clock, sum) = (Stopwatch.StartNew(), 0.0);
for (var step = 0; step < steps; step++)
{
    pictures.Fill(step * Batch, Batch, session.Images);
    Array.Clear(session.Targets);
    for (var i = 0; i < Batch; i++) session.Targets[i * classes + pictures.Label(step * Batch + i)] = 1;
    rule.StepSize = LargestStep * StepSchedule.Factor((double)step / steps, WarmUp);
    var (loss, isFinite) = session.Step(rule);
    if (!isFinite) throw new InvalidOperationException($"Step {step + 1} has no finite loss or gradient; nothing is written.");
    sum += loss;
    if ((step + 1) % 100 != 0) continue;
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {step + 1}: loss {sum / 100:F4}, {clock.Elapsed.TotalSeconds:F0} s"));
    sum = 0;
}

session.CopyTo(network);
var model = new OnnxModel(network);
var result = Evaluator.Evaluate(model, new DrawnPictures(SampleFolder.TrainImages, SampleFolder.TestImages));
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{100 * result.Top1:F2} of 100 test pictures right, {clock.Elapsed.TotalSeconds:F0} s"));
model.Save(args[0]);
return 0;
