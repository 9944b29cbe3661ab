using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxEdit.Engine.Attribution;
using OnnxEdit.Engine.Attribution.Runs;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Kernels.Witness;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Components;
using OnnxEdit.Surgery.Gradients;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class WordsTests
{
    static IEnumerable<FieldInfo> Members(Type type) => type.GetFields(BindingFlags.Public | BindingFlags.Static);

    static string? Word(FieldInfo member) => member.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name;

    [Fact]
    public void Where_one_member_has_a_word_all_have_one_and_none_is_there_twice()
    {
        Type[] worded = [.. new[] { typeof(Slimmer), typeof(HeadCut), typeof(ClassAggregation) }.SelectMany(t => t.Assembly.GetTypes()).Where(t => t.IsEnum && Members(t).Any(m => Word(m) is not null))];
        Assert.Contains(typeof(RecoveryKind), worded);
        Assert.All(worded, type =>
        {
            var members = Members(type).Where(m => !type.IsDefined(typeof(FlagsAttribute)) || Convert.ToInt64(m.GetValue(null), null) != 0).ToArray();
            Assert.All(members, m => Assert.Matches("^[a-z0-9]+(-[a-z0-9]+)*$", Word(m) ?? $"{m.Name} has none"));
            Assert.Distinct(members.Select(Word));
        });
    }

    [Fact]
    public void Words_are_written_and_read_and_the_names_of_members_only_read_in_files()
    {
        Assert.Equal(["ls", "bn", "none"], Words.All<RecoveryKind>());
        Assert.Equal("zero-weight", Words.Of(AblationKind.ZeroWeight));
        Assert.Equal(AblationKind.ZeroWeight, Words.Find<AblationKind>("zero-weight"));
        Assert.Null(Words.Find<AblationKind>("ZeroWeight"));
        Assert.Equal(AblationKind.ZeroWeight, Words.FindWritten<AblationKind>("ZeroWeight"));
        Assert.Null(Words.FindWritten<AblationKind>("weight"));
    }

    [Fact]
    public void Flags_are_several_words()
    {
        const ComponentKinds Both = ComponentKinds.Filters | ComponentKinds.Heads;
        Assert.Equal("filters,heads", Words.Of(Both));
        Assert.Equal(Both, Words.Find<ComponentKinds>("heads, filters"));
        Assert.Equal(Both, Words.FindWritten<ComponentKinds>("Filters, Heads"));
        Assert.Null(Words.Find<ComponentKinds>("filters,hairs"));
    }

    [Fact]
    public void A_plan_holds_words_and_one_of_before_is_read_and_applied()
    {
        var model = SmallClassifier.Residual();
        var options = new SlimOptions { Budget = SlimBudget.Sparsity(0.2), Score = "mpm-robust", Align = 1, Attention = HeadCut.Heads, Recovery = RecoveryKind.None };
        var data = new SlimData { Calibration = SmallClassifier.Images(60) };
        var plan = Slimmer.Slim(model.Model, data, options, null, TestContext.Current.CancellationToken).Plan;
        var text = plan.ToJson();
        Assert.Contains("\"score\": \"mpm-robust\"", text, StringComparison.Ordinal);
        Assert.Contains("\"attention\": \"heads\"", text, StringComparison.Ordinal);
        using var folder = new TempFolder();
        var path = folder.WriteText("old.json", text.Replace("\"mpm-robust\"", "\"mpmrobust\"", StringComparison.Ordinal).Replace("\"heads\"", "\"Heads\"", StringComparison.Ordinal));
        var before = SlimPlan.Load(path);
        Assert.Equal(text, before.ToJson());
        var slim = Slimmer.Slim(model.Model, data, options with { Plan = before }, null, TestContext.Current.CancellationToken);
        Assert.Equal("mpm-robust", Surgery.Model.ModelHistory.Read(slim.Model!.Proto)[^1].Options["score"]);
    }

    [Fact]
    public void Attributions_and_runs_hold_words_and_those_of_before_are_read()
    {
        var (model, images) = (SmallClassifier.Residual().Model, SmallClassifier.Images(6));
        var options = new AttributionOptions { Method = "loo", Ablation = AblationKind.Mean, Answer = AnswerKind.LogOdds, Components = ComponentKinds.Filters | ComponentKinds.Neurons, Batch = 6 };
        using var session = AttributionSession.Open(model, images, options, null, TestContext.Current.CancellationToken);
        var found = session.Attribute();
        Assert.Equal(("loo", "mean", "log-odds", "filters,neurons", "bernoulli"), (found.Facts["method"], found.Facts["ablation"], found.Facts["answer"], found.Facts["kinds"], found.Facts["design"]));
        var read = found.WithFacts(new Dictionary<string, string>()).Options(model, null);
        var old = new Attributions
        {
            Components = found.Components,
            Scores = found.Scores,
            StandardErrors = found.StandardErrors,
            Base = found.Base,
            Answers = found.Answers,
            Labels = found.Labels,
            Facts = found.Facts.Concat([]).ToDictionary(f => f.Key, f => f.Key switch { "ablation" => "Mean", "answer" => "LogOdds", "kinds" => "Filters, Neurons", _ => f.Value }),
        };
        Assert.Equal(read, old.Options(model, null));
        Assert.Equal((AblationKind.Mean, AnswerKind.LogOdds, options.Components), (read.Ablation, read.Answer, read.Components));

        using var folder = new TempFolder();
        var data = new RunData { Path = "random:6", From = "test", Count = 6, Sha256 = ExampleHash.Of(images, TestContext.Current.CancellationToken) };
        var manifest = RunManifest.Of(session, options, "/model.onnx", data);
        var run = RunFolder.Create(folder.Path, manifest);
        var text = File.ReadAllText(folder["manifest.json"]);
        var before = text.Replace("\"loo\"", "\"LeaveOneOut\"", StringComparison.Ordinal).Replace("\"log-odds\"", "\"LogOdds\"", StringComparison.Ordinal)
            .Replace("\"filters,neurons\"", "\"Filters, Neurons\"", StringComparison.Ordinal).Replace("\"mean\"", "\"Mean\"", StringComparison.Ordinal);
        Assert.NotEqual(text, before);
        folder.WriteText("manifest.json", before);
        // The same run, and chunks that carry the hash of its file stay its own.
        Assert.NotEqual(run.Sha256, RunFolder.Create(folder.Path, manifest).Sha256);
        Assert.Equal(manifest.Options, RunFolder.Open(folder.Path).Manifest.Options);
        folder.WriteText("manifest.json", before.Replace("LeaveOneOut", "TakeOneAway", StringComparison.Ordinal));
        Assert.Contains("its method is none of combined, gradients,", Assert.Throws<OnnxEngineException>(() => RunFolder.Open(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_word_is_no_json()
    {
        var options = new JsonSerializerOptions { Converters = { new WordConverter() } };
        Assert.Equal("\"bn\"", JsonSerializer.Serialize(RecoveryKind.BatchNorm, options));
        Assert.Contains("there is one of ls, bn, none expected", Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<RecoveryKind>("\"best\"", options)).Message, StringComparison.Ordinal);
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<RecoveryKind>("2", options));
    }
}
