using System.Text.RegularExpressions;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>
/// Runs the commands of the README and of docs/ on a slim sample: what they name is laid ready under the names that they use, and
/// what would take minutes is cut short. The tutorials and the examples of tasks have tests of their own, servers too.
/// </summary>
public sealed class DocumentCommandTests(SlimSample sample)
{
    // Budgets that suit a real network, classes of other data, and ends that the sample does not reach.
    static readonly (string Pattern, string Instead)[] _shorter =
    [
        (@"--time 10m", "--steps 20"), (@"--finetune 10m", "--finetune 20"), (@"--steps \d+", "--steps 5"), (@"--budget \d+", "--budget 100"), (@"--examples \d+", "--examples 60"),
        (@"--calibration \d+", "--calibration 300"), (@"--limit \d+", "--limit 200"), (@"cat,dog", "disc,ring"), (@"class dog", "class ring"),
        (@"--require-accuracy 92", "--require-accuracy 50"), (@"--shard 0/8", "--shard 0/1"), (@"layer3,linear", "layer3,fc"), (@"--components heads,neurons", "--components filters"), (@"--components heads\b", "--components neurons"), (@"gpt/texts.npz", "data"),
        (@"coar edit ", "coar edit --budget 60 --most 2 --drop 100 --validation 100 "), (@"--budget 60 --most 2 (.*--partial)", "$1"),
        (@"^slim ", "slim --calibration 300 "), (@"^unlearn ", "unlearn --calibration 300 "), (@"^coar model", "coar --examples 60 --budget 100 model"),
        (@"--masks \d+", "--masks 10"), (@"mistakes:\d+", "mistakes:3"), (@"--drop (\d+) (.*)--drop [\d.]+", "--drop $1 $2"),
    ];

    // What they ask for is out of the sample's reach, or of five steps; they end with 5, and no other command does.
    static readonly (string Pattern, bool MayBeReached)[] _unreached =
    [
        // Timings are the machine's.
        (@"^slim .*--target ms=", true),
        // The stamp means little to the sample; it may have an effect by chance.
        (@"^coar edit .*--target stamped", true),
        // Five steps hardly make anything better; which do depends on the processor.
        (@"^finetune .*--steps 5\b", true),
        // No channel of the sample is this class's alone.
        (@"^unlearn .*--class 5 .*--physical", false),
    ];

    [Fact]
    public void Every_documented_command_runs()
    {
        var folder = Lay();
        string[] documents = [Path.Combine(Repository.Root, "README.md"), .. Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md").Where(d => !d.Contains("tutorial", StringComparison.Ordinal) && !d.EndsWith("tasks.md", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        string[] commands = [.. documents.SelectMany(DocumentTests.Commands).Where(c => c.StartsWith("onnxedit ", StringComparison.Ordinal)).Select(Shortened).Distinct().Where(c => !c.StartsWith("serve ", StringComparison.Ordinal))];
        Assert.True(commands.Length > 50, $"{commands.Length} commands were found.");
        List<string> failed = [];
        List<string> unreached = [];
        foreach (var command in commands)
        {
            var result = CliRunner.Run([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--force", "-q"], folder);
            if (result.ExitCode == 5) unreached.Add(command);
            else if (result.ExitCode != 0) failed.Add($"{command}\n  exit {result.ExitCode}: {result.StdErr.Trim()}");
        }
        var wrong = unreached.Where(c => !_unreached.Any(u => Regex.IsMatch(c, u.Pattern))).Select(c => $"{c}\n  ends with 5")
            .Concat(_unreached.Where(u => !u.MayBeReached && !unreached.Any(c => Regex.IsMatch(c, u.Pattern))).Select(u => $"{u.Pattern}\n  does not end with 5 any more")).ToArray();
        Assert.True(wrong.Length == 0, string.Join('\n', wrong));
        Assert.True(failed.Count == 0, $"{failed.Count} of {commands.Length} fail:\n{string.Join('\n', failed)}");
    }

    static string Shortened(string command)
    {
        command = command["onnxedit ".Length..];
        foreach (var (pattern, instead) in _shorter) command = Regex.Replace(command, pattern, instead);
        return Regex.Replace(command, "--calibration 300 (.*)--calibration 300", "$1--calibration 300");
    }

    // Under every name that documents use: a model is the sample or a slim one, data is the sample's.
    string Lay()
    {
        var folder = Directory.CreateDirectory(sample.New("")).FullName;
        string At(string name) => Path.Combine(folder, name);
        void Run(string command) => CliRunner.Run([.. command.Split(' '), "-q"], folder).Expect(0);
        // A third of the weights does for whether a command runs.
        sample.Slim("--sparsity 0.6", At("model.onnx")).Expect(0);
        File.Copy(Path.Combine(sample.Folder, "onnxedit.json"), At("onnxedit.json"));
        Directory.CreateSymbolicLink(At("data"), sample.Data);
        foreach (var data in (string[])["cifar10", "CIFAR10"]) Directory.CreateSymbolicLink(At(data), At("data"));
        foreach (var name in (string[])["resnet20_cifar10", "resnet20_backdoor", "resnet20_subpop", "resnet20_typo", "cifar10_resnet_4b", "vit_pgd_2_3_16", "ready"]) File.Copy(At("model.onnx"), At($"{name}.onnx"));
        Run("slim model.onnx --sparsity 0.3 --calibration 300 -o slim.onnx");
        foreach (var name in (string[])["model.slim", "model.finetune", "model.unlearn", "forgot", "cleaned", "subpop", "typo"]) File.Copy(At("slim.onnx"), At($"{name}.onnx"));

        // Two small sets of test images, the second the first one slightly changed.
        var batch = File.ReadAllBytes(Path.Combine(sample.Data, "test_batch.bin"))[..(40 * 3073)];
        var stamped = batch.Select((value, i) => i % 3073 is > 0 and < 200 ? (byte)255 : value).ToArray();
        Directory.CreateDirectory(At("stamped/subpop"));
        Directory.CreateDirectory(At("plain"));
        Directory.CreateDirectory(At("gpt"));
        File.Copy(At("model.onnx"), At("gpt/gpt.onnx"));
        foreach (var name in (string[])["plain.bin", "stamped/backdoor_train_plain.bin", "stamped/subpop_train_seen.bin", "stamped/typographic_train_plain.bin", "plain/test_batch.bin"]) File.WriteAllBytes(At(name), batch);
        foreach (var name in (string[])["stamped.bin", "stamped/backdoor_train_square.bin", "stamped/subpop_train_rare.bin", "stamped/test_batch.bin", "typographic_train.bin", "typographic_test.bin", "stamped/backdoor_test_square.bin", "stamped/subpop_test_cat_green.bin"]) File.WriteAllBytes(At(name), stamped);
        foreach (var file in Directory.GetFiles(At("data"))) File.Copy(file, Path.Combine(At("stamped/subpop"), Path.GetFileName(file)));
        using (var examples = new TaskExamples())
        {
            foreach (var (name, from) in (ReadOnlySpan<(string, string)>)[("minilm.onnx", "encoder.onnx"), ("minilm_vocab.txt", "vocab.txt")]) File.Copy(Path.Combine(examples.Folder, from), At(name));
            File.WriteAllLines(At("stsb_dev.csv"), File.ReadLines(Path.Combine(examples.Folder, "pairs.csv")).Skip(1));
        }
        File.WriteAllText(At("mistakes.csv"), "test:3,2\ntest:5,1\n");
        using (var picture = new SkiaSharp.SKBitmap(32, 32))
        using (var png = File.Create(At("x.png")))
        {
            picture.Erase(SkiaSharp.SKColors.SteelBlue);
            Assert.True(picture.Encode(png, SkiaSharp.SKEncodedImageFormat.Png, 100));
        }
        Run("slim model.onnx --sparsity 0.3 --calibration 300 --plan-out plan.json --dry-run");
        foreach (var name in (string[])["resnet", "r56"])
            foreach (var model in (string[])["model", "slim"]) Run($"deploy {model}.onnx --to repo --name {name} --activate");
        return folder;
    }
}
