using System.Text.RegularExpressions;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed partial class ReportTests(SlimSample sample)
{
    [Fact]
    public void A_slim_is_reported_on_one_page_that_needs_nothing_else()
    {
        var (slim, page, again) = (sample.New(), sample.New(".html"), sample.New(".html"));
        Assert.Contains($"wrote {page}", sample.Slim($"--sparsity 0.4 --report {page}", slim).Expect(0).StdOut, StringComparison.Ordinal);
        var html = File.ReadAllText(page);
        AssertSelfContained(html);
        AssertBalanced(html);
        foreach (var heading in new[] { "Before and after", "What changed, and why", "Accuracy by class", "How sure it is", "What it is mistaken for", "Layer by layer", "Time", "History of edits", "Where this comes from" })
            Assert.Contains($"<h2>{heading}</h2>", html, StringComparison.Ordinal);
        Assert.All(Drawing().Matches(html), svg => Assert.Matches("role=\"img\" aria-label=\"[^\"]{20,}\"", svg.Value));

        // The command at its end makes the report again.
        var command = Regex.Match(html, "<pre>onnxedit (.*?)</pre>").Groups[1].Value;
        var result = CliRunner.Run([.. command.Replace(page, again, StringComparison.Ordinal).Split(' '), "-q"]).Expect(0);
        Assert.Contains("-o", command, StringComparison.Ordinal);
        Assert.Equal(Figures(html), Figures(File.ReadAllText(again)));
        Assert.Contains("Its history names exactly the model before", result.StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void The_json_says_what_other_commands_measure()
    {
        var (forgot, page) = (sample.New(), sample.New(".html"));
        CliRunner.Run(["unlearn", sample.Model, "--class", "frame", "-o", forgot, "-q"]).Expect(0);
        var json = CliRunner.Run(["report", forgot, "--before", sample.Model, "--data", sample.Data, "--mean", "0.5", "--std", "0.25", "--json", "-o", page]).Expect(0).Json();
        Assert.Equal("onnxedit.report/1", json.GetProperty("schema").GetString());
        Assert.True(File.Exists(page));

        var accuracy = json.GetProperty("accuracy");
        var eval = CliRunner.Run(["eval", forgot, "--data", sample.Data, "--mean", "0.5", "--std", "0.25", "--json"]).Expect(0).Json();
        Assert.Equal(eval.GetProperty("top1").GetDouble(), accuracy.GetProperty("after").GetProperty("top1").GetDouble(), 1e-12);
        var images = accuracy.GetProperty("images").GetInt32();
        Assert.Equal(images, accuracy.GetProperty("margins").GetProperty("before").EnumerateArray().Sum(n => n.GetInt32()));
        Assert.Equal(images, accuracy.GetProperty("margins").GetProperty("after").EnumerateArray().Sum(n => n.GetInt32()));
        var frame = accuracy.GetProperty("classes")[3];
        Assert.Equal("frame", frame.GetProperty("name").GetString());
        Assert.True(frame.GetProperty("before").GetDouble() > 0.9 && frame.GetProperty("after").GetDouble() < 0.03, frame.GetRawText());

        // Each image that is no longer right is a wrong answer more.
        var lost = accuracy.GetProperty("classes").EnumerateArray().Sum(c => c.GetProperty("correctBefore").GetInt32() - c.GetProperty("correctAfter").GetInt32());
        Assert.Equal(lost, accuracy.GetProperty("confusions").EnumerateArray().Sum(c => c.GetProperty("after").GetInt32() - c.GetProperty("before").GetInt32()));
        Assert.Contains(json.GetProperty("layers").EnumerateArray(), layer => layer.TryGetProperty("weightChange", out var change) && change.GetDouble() > 0);
        Assert.Equal(2, json.GetProperty("latency").GetArrayLength());
    }

    [Fact]
    public void Without_data_and_without_another_model_it_says_so()
    {
        var folder = Directory.CreateDirectory(sample.New("")).FullName;
        // A name is text, whatever stands in it.
        var model = Path.Combine(folder, "a<b>&'c'.onnx");
        File.Copy(sample.Model, model);
        var output = CliRunner.Run(["report", model, "-q"], folder).Expect(0).StdOut;
        Assert.Contains("No data was given", output, StringComparison.Ordinal);
        var html = File.ReadAllText(Path.ChangeExtension(model, ".report.html"));
        AssertSelfContained(html);
        AssertBalanced(html);
        Assert.Contains("No data was given", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<h2>Accuracy by class</h2>", html, StringComparison.Ordinal);
        Assert.Contains("a&lt;b&gt;&amp;&#39;c&#39;.onnx", html, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_reported_is_refused_and_leaves_no_page()
    {
        var page = sample.New(".html");
        string[] report = ["report", sample.Model, "-o", page, "--before"];
        Assert.Contains("the same model", CliRunner.Run([.. report, sample.Model]).ExpectError(2), StringComparison.Ordinal);
        Assert.Contains("different inputs", CliRunner.Run([.. report, Other(classes: 10, extent: 9)]).ExpectError(3), StringComparison.Ordinal);
        Assert.Contains("4 classes apart and the one after 10", CliRunner.Run([.. report, Other(classes: 4, extent: 32)]).ExpectError(3), StringComparison.Ordinal);
        Assert.Contains("--dry-run", CliRunner.Run(["slim", sample.Model, "--sparsity", "0.4", "--dry-run", "--report", page]).ExpectError(2), StringComparison.Ordinal);
        Assert.Contains("written by this call already", CliRunner.Run(["slim", sample.Model, "--sparsity", "0.4", "-o", page, "--report", page]).ExpectError(2), StringComparison.Ordinal);
        Assert.False(File.Exists(page));
        File.WriteAllText(page, "mine");
        Assert.Contains("--force", CliRunner.Run([.. report, sample.Model]).ExpectError(2), StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(page));
    }

    string Other(int classes, int extent)
    {
        var b = new GraphBuilder(1);
        var x = b.Relu(b.Conv(b.Input("input", 3, extent, extent), 4, pads: 1));
        var path = sample.New();
        new OnnxModel(b.Build(b.Gemm(b.Flatten(x), classes))).Save(path);
        return path;
    }

    static void AssertSelfContained(string html)
    {
        foreach (var reach in new[] { "http:", "https:", "//cdn", "<script", "<link", "<img", "@import", "url(", "src=" })
            Assert.DoesNotContain(reach, html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("prefers-color-scheme: dark", html, StringComparison.Ordinal);
    }

    /// <summary>Every element that is opened is closed, in the right order.</summary>
    static void AssertBalanced(string html)
    {
        var open = new Stack<string>();
        foreach (Match tag in Tag().Matches(html))
        {
            var name = tag.Groups["name"].Value;
            if (name is "meta" or "!DOCTYPE" || tag.Value.EndsWith("/>", StringComparison.Ordinal)) continue;
            if (tag.Value[1] != '/') open.Push(name);
            else Assert.True(open.TryPop(out var last) && last == name, $"</{name}> closes <{last}>");
        }
        Assert.Empty(open);
    }

    /// <summary>What comes out the same each time: all sections but times and environment.</summary>
    static string Figures(string html) => Regex.Match(html, "<h2>Accuracy by class</h2>.*?<h2>Time</h2>", RegexOptions.Singleline).Value;

    [GeneratedRegex("<svg .*?>", RegexOptions.Singleline)]
    private static partial Regex Drawing();

    [GeneratedRegex("</?(?<name>[!A-Za-z][A-Za-z0-9]*)[^>]*>")]
    private static partial Regex Tag();
}
