using System.Text.Json;
using Xunit;

namespace OnnxEdit.EndToEnd;

public sealed class InitTests
{
    static CliResult Init(ColourFolder folder, params string[] more) =>
        CliRunner.Run(["init", folder.Model, "--data", folder.Data, .. ColourFolder.Normalisation.Split(' '), .. more]);

    [Fact]
    public void The_configuration_makes_the_short_form_work()
    {
        using var folder = new ColourFolder();
        Assert.Contains("top-1 ", Init(folder).Expect(0).StdOut, StringComparison.Ordinal);
        Assert.StartsWith("top-1 90.00 %", CliRunner.Run("eval", folder.Root).Expect(0).StdOut, StringComparison.Ordinal);
        Assert.StartsWith("top-1 90.00 %", CliRunner.Run(["eval", folder.Model]).Expect(0).StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void Paths_in_the_configuration_are_relative_to_it()
    {
        using var folder = new ColourFolder();
        Init(folder).Expect(0);
        var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.Root, "onnxedit.json"))).RootElement;
        Assert.Equal("onnxedit.config/1", config.GetProperty("schema").GetString());
        Assert.Equal("colours.onnx", config.GetProperty("model").GetString());
        Assert.Equal("data", config.GetProperty("data").GetString());
        Assert.Equal([0.5f], config.GetProperty("mean").EnumerateArray().Select(each => each.GetSingle()));
    }

    [Fact]
    public void An_option_outranks_the_configuration()
    {
        using var folder = new ColourFolder();
        Init(folder).Expect(0);
        var margin = CliRunner.Run("eval --std 0.5 --json", folder.Root).Expect(0).Json().GetProperty("meanMargin").GetDouble();
        Assert.Equal(0.8 * 140 / 255 / 0.5, margin, 4);
    }

    [Fact]
    public void An_existing_configuration_is_kept_unless_forced()
    {
        using var folder = new ColourFolder();
        Init(folder).Expect(0);
        Assert.Contains("--force", Init(folder).ExpectError(2), StringComparison.Ordinal);
        Init(folder, "--force").Expect(0);
    }

    [Fact]
    public void Data_that_cannot_be_read_leaves_no_configuration()
    {
        using var folder = new ColourFolder();
        CliRunner.Run(["init", folder.Model, "--data", Path.Combine(folder.Root, "nowhere")]).ExpectError(4);
        Assert.False(File.Exists(Path.Combine(folder.Root, "onnxedit.json")));
    }

    [Fact]
    public void A_wrong_normalisation_is_warned_of()
    {
        using var folder = new ColourFolder();
        Assert.Contains("close to guessing", Init(folder, "--labels", "0=1,1=2,2=0").Expect(0).StdErr, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_configuration_is_named()
    {
        using var folder = new ColourFolder();
        File.WriteAllText(Path.Combine(folder.Root, "onnxedit.json"), "{ \"schema\": \"onnxedit.config/1\", \"mean\": \"half\" }");
        Assert.Contains("onnxedit.json", CliRunner.Run(["eval", folder.Model]).ExpectError(2), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_a_usage_error_and_nothing_is_left()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Folders have no write permission bit there.");
            return;
        }

        using var folder = new ColourFolder();
        File.SetUnixFileMode(folder.Root, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            Assert.SkipWhen(Environment.IsPrivilegedProcess, "The superuser may write everywhere.");
            Init(folder).ExpectError(2);
        }
        finally
        {
            File.SetUnixFileMode(folder.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public void A_configuration_that_cannot_be_replaced_is_a_usage_error_and_nothing_is_left()
    {
        using var folder = new ColourFolder();
        Directory.CreateDirectory(Path.Combine(folder.Root, "onnxedit.json", "inside"));
        Init(folder).ExpectError(2);
        Assert.DoesNotContain(Directory.GetFiles(folder.Root), path => path.EndsWith(".tmp", StringComparison.Ordinal));
    }
}
