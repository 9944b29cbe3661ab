using OnnxEdit.Engine.Deployment;
using Xunit;

namespace OnnxEdit.Engine.Tests;

public sealed class ModelRepositoryTests
{
    [Theory]
    [InlineData("resnet56", true)]
    [InlineData("a.b_c-1", true)]
    [InlineData("", false)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData("../x", false)]
    [InlineData("a/b", false)]
    [InlineData("a\\b", false)]
    [InlineData("-x", false)]
    [InlineData(".hidden", false)]
    [InlineData("x\n", false)]
    [InlineData("é", false)]
    public void Names_cannot_lead_out_of_the_repository(string name, bool isName) => Assert.Equal(isName, ModelRepository.IsName(name));

    [Fact]
    public void A_link_that_leads_out_of_the_repository_is_not_followed()
    {
        using var folder = new TempFolder();
        folder.Write("outside/1/model.onnx", 1);
        Directory.CreateDirectory(folder["repo/x"]);
        var repository = new ModelRepository(Path.GetDirectoryName(folder["repo/x"])!);
        Directory.CreateSymbolicLink(Path.Combine(repository.Root, "linked"), Path.Combine(folder.Path, "outside"));
        Assert.Empty(repository.Names);
        Assert.Contains("leads out", Assert.Throws<OnnxEngineException>(() => repository.Folder("linked")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_numbered_folders_with_a_model_are_versions()
    {
        using var folder = new TempFolder();
        foreach (var name in new[] { "m/1/model.onnx", "m/10/model.onnx", "m/0/model.onnx", "m/02x/model.onnx", "m/3/other", "m/.x.staging/model.onnx" }) folder.Write(name, 1);
        var repository = new ModelRepository(folder.Path);
        Assert.Equal([1, 10], repository.VersionsOf("m"));
    }

    [Fact]
    public void One_deployment_at_a_time_and_what_an_earlier_one_left_is_removed()
    {
        using var folder = new TempFolder();
        var repository = new ModelRepository(folder.Path);
        var left = repository.Stage("m");
        using (repository.Lock("m"))
        {
            Assert.False(Directory.Exists(left));
            Assert.Contains("Another deployment", Assert.Throws<OnnxEngineException>(() => repository.Lock("m")).Message, StringComparison.Ordinal);
            repository.Lock("n").Dispose();
        }
        repository.Lock("m").Dispose();
    }
}
