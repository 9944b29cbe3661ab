using System.Diagnostics;
using System.Globalization;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Statistics;
using OnnxEdit.Engine.Unlearning;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Benchmarks;

/// <summary>Forgets each class in turn and measures what is left of it and of the others on the test images.</summary>
static class UnlearnAccuracy
{
    sealed record Row(int Class, UnlearnReport Report, double Seconds)
    {
        public UnlearnMeasurement Measured => Report.Measured!;

        public double Forgotten => 100 * Measured.ForgottenAccuracy.After;

        public double Drop => -100 * Measured.Retained.Difference;

        // How far above chance the probe is, relative to the original.
        public double Probe => (Measured.Probe[0].After - 0.5) / (Measured.Probe[0].Before - 0.5);
    }

    /// <summary>
    /// Runs: models, classes (all), methods (refit). A method is followed by options, e.g. discedit-u+witness=ks+per-layer=3+images=1280,
    /// refit+physical, moments+images=8000.
    /// </summary>
    public static int Run(string[] args)
    {
        int[] classes = args.Length > 1 && args[1] != "all" ? [.. args[1].Split(',').Select(c => int.Parse(c, CultureInfo.InvariantCulture))] : [.. Enumerable.Range(0, 10)];
        var methods = args.Length > 2 ? args[2].Split(',') : ["refit"];
        Console.WriteLine("| model | method | class | forgotten % before | after | others % before | after | drop | s.e. | probe before | after | parameters | seconds |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var name in args[0].Split(','))
            foreach (var method in methods)
            {
                Row[] rows = [.. classes.Select(c => Once(name, method, c)).OfType<Row>()];
                if (rows.Length > 1) Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {name} | {method} | mean (worst) | | **{rows.Average(r => r.Forgotten):F2} ({rows.Max(r => r.Forgotten):F2})** | | | **{rows.Average(r => r.Drop):F2} ({rows.Max(r => r.Drop):F2})** | {rows.Average(r => 100 * r.Measured.Retained.StandardError):F2} | {rows.Average(r => r.Measured.Probe[0].Before):F3} | {rows.Average(r => r.Measured.Probe[0].After):F3} ({rows.Max(r => r.Measured.Probe[0].After):F3}); above chance {rows.Average(r => r.Probe):F2} ({rows.Max(r => r.Probe):F2}) of the original | {rows.Average(r => r.Report.After.Parameters):F0} | {rows.Average(r => r.Seconds):F0} |"));
            }
        return 0;
    }

    static Row? Once(string name, string method, int @class)
    {
        var model = SharedCifar.Model(name);
        var words = method.Split('+');
        var settings = words.Skip(1).Select(w => w.Split('=')).ToDictionary(w => w[0], w => w.Length > 1 ? w[1] : "");
        var data = UnlearnData.Of(SharedCifar.Data(name, 0));
        if (words[0] == "moments") data = data with { Moments = Bundle(name, model, int.Parse(settings.GetValueOrDefault("images", "2000"), CultureInfo.InvariantCulture)) };
        if (settings.ContainsKey("mirror")) data = data with { Train = new MirroredImages(data.Train!) };
        var watch = Stopwatch.StartNew();
        try
        {
            var report = Unlearner.Unlearn(model, data, Options(words[0], settings, @class)).Report;
            var row = new Row(@class, report, watch.Elapsed.TotalSeconds);
            var (forgotten, retained) = (row.Measured.ForgottenAccuracy, row.Measured.RetainedAccuracy);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {name} | {method} | {@class} | {100 * forgotten.Before:F2} | {row.Forgotten:F2} | {100 * retained.Before:F2} | {100 * retained.After:F2} | {row.Drop:F2} | {100 * row.Measured.Retained.StandardError:F2} | {row.Measured.Probe[0].Before:F3} | {row.Measured.Probe[0].After:F3} | {report.After.Parameters} | {row.Seconds:F0} |"));
            Console.Error.WriteLine($"{name} {method} {@class}: {report.Basis} {string.Join(' ', report.Notes)}");
            return row;
        }
        catch (OnnxEngineException e) when (e.Kind == ErrorKind.TargetNotReached)
        {
            Console.WriteLine($"| {name} | {method} | {@class} | nothing done: {e.Message} | | | | | | | | | |");
            return null;
        }
    }

    static UnlearnOptions Options(string method, Dictionary<string, string> settings, int @class)
    {
        var options = new UnlearnOptions
        {
            Classes = [@class],
            Method = method == "moments" ? UnlearnMethod.Refit : Words.Find<UnlearnMethod>(method)!.Value,
            Physical = settings.ContainsKey("physical"),
            Witness = Words.Find<UnlearnWitness>(settings.GetValueOrDefault("witness", Words.Of(UnlearnWitness.Exp)))!.Value,
            PerLayer = settings.TryGetValue("per-layer", out var count) ? int.Parse(count, CultureInfo.InvariantCulture) : null,
            Layers = settings.TryGetValue("layers", out var layers) ? layers.Split(';') : [],
        };
        return options with
        {
            Calibration = method != "moments" && settings.TryGetValue("images", out var images) ? int.Parse(images, CultureInfo.InvariantCulture) : options.Calibration,
            Tail = settings.TryGetValue("tail", out var tail) ? double.Parse(tail, CultureInfo.InvariantCulture) : options.Tail,
            Match = settings.TryGetValue("match", out var match) ? double.Parse(match, CultureInfo.InvariantCulture) : null,
            MatchRidge = settings.TryGetValue("ridge", out var ridge) ? double.Parse(ridge, CultureInfo.InvariantCulture) : null,
            RetainDrop = settings.TryGetValue("retain-drop", out var drop) ? double.Parse(drop, CultureInfo.InvariantCulture) : options.RetainDrop,
        };
    }

    // What `onnxedit stats` writes, as it is read again.
    static MomentsBundle Bundle(string name, OnnxModel model, int images)
    {
        var path = Path.Combine(Path.GetTempPath(), $"onnxedit-{model.Sha256[..16]}-{images}.moments");
        if (!File.Exists(path))
        {
            var data = SharedCifar.Data(name, 0, images);
            var statistics = CalibrationStatistics.Collect(model, ChannelAnalysis.Of(NormalisedModel.Create(model.Proto)), data.Calibration!,
                new StatisticsOptions { MeanMaps = false, IndependenceImages = 0, Grams = false, Activations = false });
            MomentsBundle.Write(path, statistics);
        }
        return MomentsBundle.Read(path, model);
    }
}
