using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Engine.Sample;
using OnnxEdit.SampleTrainer;

// Trains the network of `onnxedit sample` and writes it where Engine embeds it from:
// dotnet run -c Release --project Tools/SampleTrainer -- Engine/Sample/sample.onnx [steps]
if (args.Length is < 1 or > 2)
{
    Console.Error.WriteLine("usage: SampleTrainer OUTPUT.onnx [STEPS]");
    return 2;
}

var steps = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 4000;
var network = new Network(SampleFolder.Seed);
var training = new Training(network, SampleFolder.Seed);
Console.WriteLine($"{network.Parameters.Sum(parameter => parameter.Values.Length):N0} parameters, {steps:N0} steps");
var clock = Stopwatch.StartNew();
training.Run(steps, (step, loss, accuracy) => Console.WriteLine(
    string.Create(CultureInfo.InvariantCulture, $"step {step}: loss {loss:F4}, accuracy {accuracy:P1}, {clock.Elapsed.TotalSeconds:F0} s")));

var (first, count) = (SampleFolder.TrainImages, SampleFolder.TestImages);
var right = training.Right(first, count);
var model = OnnxWriter.Write(network);
using var session = new InferenceSession(model);
var agreeing = 0;
for (var start = first; start < first + count; start += 100)
{
    using var images = OrtValue.CreateTensorValueFromMemory(training.Draw(start, 100).Values, [100, 3, SampleImages.Side, SampleImages.Side]);
    using var options = new RunOptions();
    using var outputs = session.Run(options, ["input"], [images], ["logits"]);
    var logits = outputs[0].GetTensorDataAsSpan<float>();
    for (var item = 0; item < 100; item++)
        agreeing += Training.Best(logits.Slice(item * 10, 10)) == SampleImages.Label(start + item) ? 1 : 0;
}

Console.WriteLine($"{right} of {count} test pictures right here, {agreeing} in ONNX Runtime; {model.Length:N0} bytes, {clock.Elapsed.TotalSeconds:F0} s");
if (agreeing != right)
    return 6;
File.WriteAllBytes(args[0], model);
return 0;
