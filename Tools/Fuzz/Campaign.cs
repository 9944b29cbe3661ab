using System.Globalization;

namespace OnnxEdit.Fuzz;

/// <summary>Hands mutants out to workers and collects verdicts; the mutants of findings are saved.</summary>
sealed class Campaign(FuzzOptions options)
{
    readonly Lock _lock = new();
    readonly Dictionary<Outcome, long> _count = [];
    readonly Dictionary<string, (Outcome Outcome, long First, int Count)> _findings = [];
    readonly Dictionary<string, int> _refusals = [];
    (long Milliseconds, long Number) _slowest;
    long _next = options.First;
    int _done;

    /// <summary>Runs all mutants; the exit code.</summary>
    public int Run(CancellationToken cancellation)
    {
        var corpus = new Corpus(options.Sources, options.LargestSource);
        Console.Error.WriteLine($"{corpus.Count} models, {options.Count:N0} mutants from {options.First:N0}, seed {options.Seed}, level {options.Level}, {options.Workers} workers.");
        var threads = Enumerable.Range(0, options.Workers).Select(_ => new Thread(() => Work(corpus, cancellation))).ToArray();
        foreach (var t in threads) t.Start();
        foreach (var t in threads) t.Join();
        Write();
        return _findings.Values.Any(f => f.Outcome is Outcome.PoorMessage or Outcome.ManagedCrash or Outcome.Hang or Outcome.Memory) ? 1 : 0;
    }

    void Work(Corpus corpus, CancellationToken cancellation)
    {
        using var worker = new WorkerProcess(options);
        while (!cancellation.IsCancellationRequested)
        {
            var number = Interlocked.Increment(ref _next) - 1;
            if (number >= options.First + options.Count) return;
            var verdict = worker.Run(number);
            lock (_lock) Note(verdict, corpus);
        }
    }

    void Note(Verdict verdict, Corpus corpus)
    {
        _count[verdict.Outcome] = _count.GetValueOrDefault(verdict.Outcome) + 1;
        if (verdict.Milliseconds > _slowest.Milliseconds) _slowest = (verdict.Milliseconds, verdict.Number);
        if (++_done % 1000 == 0) Console.Error.WriteLine($"{_done:N0} mutants, {_findings.Count} different findings.");
        if (verdict.Outcome == Outcome.Refused)
        {
            var kind = Kind(verdict.Message);
            _refusals[kind] = _refusals.GetValueOrDefault(kind) + 1;
        }
        if (!verdict.IsFinding) return;
        var key = verdict.Outcome is Outcome.Hang or Outcome.Memory or Outcome.NativeDeath
            ? $"{verdict.Outcome} {verdict.Message} {string.Join(", ", Mutant.Make(corpus, options.Seed, verdict.Number).Edits)}"
            : $"{verdict.Outcome} {Kind(verdict.Message)}";
        var known = _findings.TryGetValue(key, out var found);
        _findings[key] = known ? found with { Count = found.Count + 1 } : (verdict.Outcome, verdict.Number, 1);
        if (!known) Save(verdict, Mutant.Make(corpus, options.Seed, verdict.Number));
    }

    void Save(Verdict verdict, Mutant mutant)
    {
        Directory.CreateDirectory(options.Findings);
        var path = Path.Combine(options.Findings, string.Create(CultureInfo.InvariantCulture, $"{options.Level}-{options.Seed}-{verdict.Number}-{verdict.Outcome}"));
        File.WriteAllBytes(path + ".onnx", mutant.Bytes);
        File.WriteAllText(path + ".txt",
            $"{verdict.Outcome}: {verdict.Message}\nfrom {mutant.Source}: {string.Join(", ", mutant.Edits)}\nagain: {options.ReplayCommand(verdict.Number)}\n");
        Console.Error.WriteLine($"mutant {verdict.Number} of {mutant.Source} ({string.Join(", ", mutant.Edits)}): {verdict.Outcome}: {(verdict.Message.Length > 300 ? verdict.Message[..300] : verdict.Message)}");
    }

    // Names and numbers taken out, so that messages of one kind look the same.
    static string Kind(string message)
    {
        var text = System.Text.RegularExpressions.Regex.Replace(message.Length > 400 ? message[..400] : message, "'[^']*'", "'_'");
        text = System.Text.RegularExpressions.Regex.Replace(text, @"\{[^}]*\}|\([^)]*\)|\[[^\]]*\]", "()");
        text = System.Text.RegularExpressions.Regex.Replace(text, @"[\d.,]*\d", "0");
        return text.Length > 160 ? text[..160] : text;
    }

    void Write()
    {
        Console.WriteLine("| outcome | mutants |");
        Console.WriteLine("|---|---|");
        foreach (var outcome in Enum.GetValues<Outcome>()) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {outcome} | {_count.GetValueOrDefault(outcome)} |"));
        Console.WriteLine($"\nSlowest: mutant {_slowest.Number}, {_slowest.Milliseconds} ms.");
        foreach (var (key, f) in _findings.OrderBy(f => f.Value.First))
            Console.WriteLine($"- {f.Count} x, first {f.First}: {key}");
        Console.WriteLine($"\n{_refusals.Count} kinds of refusal; the most frequent:");
        foreach (var (kind, count) in _refusals.OrderByDescending(r => r.Value).Take(25)) Console.WriteLine($"- {count} x {kind}");
    }
}
