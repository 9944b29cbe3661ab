using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>Classifiers with several inputs go through all verbs: ids, a mask and kinds of tokens; a picture and a number; a fixed batch.</summary>
public sealed class SeveralInputsTests : IDisposable
{
    readonly TokenFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    CliResult Run(string verb, params string[] more) => CliRunner.Run([.. verb.Split(' '), _folder.Model, "--data", _folder.Data, .. more]);

    string Written(string name) => _folder[name];

    [Fact]
    public void Eval_finds_what_a_loop_by_hand_finds()
    {
        var test = _folder.Sequences(300, 2);
        var right = test.Count(s => _folder.Predict(s) == s.Label);
        Assert.InRange(right, 200, 298);
        var json = Run("eval", "--json").Expect(0).Json();
        Assert.Equal((300, right / 300.0), (json.GetProperty("images").GetInt32(), json.GetProperty("top1").GetDouble()));
        // The same sequences as test data of their own, with labels under another name.
        TokenFolder.Write(Written("other.npz"), test, "y");
        Assert.Equal(right / 300.0, Run("eval", "--eval-data", Written("other.npz"), "--json").Expect(0).Json().GetProperty("top1").GetDouble());
    }
}
