using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Abstractions;
using OnnxEdit.Engine.Deployment;
using OnnxEdit.Serving;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Fuzz;

/// <summary>
/// One sequence of writes, cuts, replacements, renames and deletions in a repository, with looks of the server in between, on
/// a clock of its own. No request may fail while a version is good, and at rest what answers is what the files say.
/// </summary>
sealed class RepositorySequence : IAsyncDisposable
{
    const string Name = "m";

    readonly ManualClock _clock = new();
    readonly Random _random;
    readonly VersionOnDisk[] _versions;
    readonly ModelCatalog _catalog;
    readonly List<string> _steps = [];
    bool _mustAnswer;
    int _at;

    /// <summary>Prepares it.</summary>
    /// <param name="root">An empty folder.</param>
    /// <param name="random">Its draws.</param>
    internal RepositorySequence(string root, Random random)
    {
        _random = random;
        // File systems keep times in steps, of two seconds at worst: a second write may not show.
        var step = TimeSpan.FromMilliseconds(random.Next(3) switch { 0 => 2000, 1 => 1000, _ => 1 }).Ticks;
        DateTime Time() => new(_clock.GetUtcNow().UtcTicks / step * step, DateTimeKind.Utc);
        _versions = [.. new[] { 1, 2, 3 }.Select(number => new VersionOnDisk(Path.Combine(root, Name), number, Time))];
        var options = new ServeOptions { Repository = root, Instances = 1, Execution = new ExecutionOptions { Threads = 1 } };
        _catalog = new ModelCatalog(new ModelRepository(root), options, _clock, NullLogger<ModelCatalog>.Instance);
    }

    /// <summary>Runs it.</summary>
    /// <returns>What went wrong, with the steps that led there; null when nothing did.</returns>
    internal async Task<string?> RunAsync()
    {
        for (var step = 0; step < 14; step++)
        {
            // Often the same one again.
            if (_random.Next(2) == 0) _at = _random.Next(_versions.Length);
            Change(_versions[_at]);
            if (_random.Next(3) > 0 && await LookAsync() is { } refused) return Told(refused);
            if (await AnswerAsync() is null && _mustAnswer) return Told("nothing answers, and there was a good version");
            if (_random.Next(4) > 0) continue;
            _steps.Add($"{_versions[_at].Number}:over");
            _versions[_at].WriteOver(_random);
        }
        _steps.Add("rest");
        for (var look = 0; look < 5; look++)
        {
            _clock.Advance(TimeSpan.FromSeconds(2));
            await RefreshAsync();
            if (await AnswerAsync() is null && _mustAnswer) return Told("at rest nothing answers, and there was a good version");
        }
        return await AtRestAsync() is { } wrong ? Told(wrong) : null;
    }

    public ValueTask DisposeAsync() => _catalog.DisposeAsync();

    float? Right => _versions.LastOrDefault(version => version.Answer is not null)?.Answer;

    void Change(VersionOnDisk version)
    {
        var what = _random.Next(9);
        _steps.Add($"{version.Number}:{what}");
        switch (what)
        {
            case 0 or 1: version.WriteModel(_random, isWhole: true); break;
            case 2: version.WriteModel(_random, isWhole: false); break;
            case 3 or 4: version.WriteData(_random, isWhole: true); break;
            case 5: version.WriteData(_random, isWhole: false); break;
            case 6: version.Cut(_random); break;
            case 7: version.Delete(_random); break;
            default: version.MoveTo(_versions[_random.Next(_versions.Length)]); break;
        }
        _clock.Advance(TimeSpan.FromMilliseconds(_random.Next(4) switch { 0 => 0, 1 => 10, 2 => 700, _ => 2500 }));
    }

    async Task<string?> LookAsync()
    {
        var isCall = _random.Next(4) == 0 && Directory.Exists(Path.GetDirectoryName(_versions[0].Folder));
        _steps.Add(isCall ? "load" : "look");
        if (!isCall)
        {
            await RefreshAsync();
            return null;
        }
        try
        {
            await _catalog.LoadAsync(Name);
        }
        catch (RequestRefused e)
        {
            // The highest version that has a model file is the one that should have been loaded.
            return _versions.LastOrDefault(version => version.HasModel)?.Answer is { } good ? $"load refused while the files say {good}: {e.Message}" : null;
        }
        var now = await AnswerAsync();
        return now == Right ? null : $"after a load {now} answers, and the files say {Right}";
    }

    // Once a version was good when the server looked, there is an answer until there are no files.
    async Task RefreshAsync()
    {
        await _catalog.RefreshAsync();
        if (Right is not null) _mustAnswer = true;
        else if (!_versions.Any(version => version.HasModel)) _mustAnswer = false;
    }

    async Task<string?> AtRestAsync()
    {
        var answer = await AnswerAsync();
        if (Right is { } right) return answer == right ? null : $"at rest {(answer is null ? "nothing" : answer)} answers, and the files say {right}";
        if (!_versions.Any(version => version.HasModel) && answer is not null) return $"at rest {answer} answers, and there are no files";
        return null;
    }

    async Task<float?> AnswerAsync()
    {
        LoadedVersion held;
        try
        {
            held = _catalog.Hold(Name, null);
        }
        catch (RequestRefused)
        {
            return null;
        }
        try
        {
            float[] one = [1];
            var request = new PendingRequest([new TensorValue("x", ServedType.Named("FP32")!, [1, 1], MemoryMarshal.AsBytes<float>(one).ToArray())], 1, CancellationToken.None);
            if (!held.TryEnqueue(request)) return null;
            var values = MemoryMarshal.Cast<byte, float>((await request.Answer)[0].Bytes.Span).ToArray();
            return Array.TrueForAll(values, value => value == values[0]) ? values[0] : float.NaN;
        }
        finally
        {
            held.Release();
        }
    }

    string Told(string fault) => $"{fault} (after {string.Join(' ', _steps)})";
}
