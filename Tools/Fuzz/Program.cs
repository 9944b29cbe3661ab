using OnnxEdit.Fuzz;

if (args is ["serve", .. var rest]) return ServeFuzz.Run(rest);
if (args is ["labels", .. var sets]) return LabelFuzz.Run(sets);
if (args is ["repository", .. var numbers]) return RepositoryFuzz.Run(numbers);
if (FuzzOptions.Parse(args) is not { } options)
{
    Console.Error.WriteLine("""
        Mutates models and checks that each is either handled or refused in one sentence.
          Fuzz validate|ort FILE|FOLDER|generated:N ... [--count N] [--first N] [--seed N] [--workers N]
               [--seconds S] [--megabytes M] [--largest MB] [--findings FOLDER] [--replay NUMBER]
        validate: reading, validation, counting, writing. ort: folding, tracing, channels, removal, verification.
          Fuzz serve [COUNT [SEED]]
        serve: mutated requests against a server in this process.
          Fuzz labels [verbs] [COUNT [SEED]]
        labels: data sets with labels in other orders, judged by what the sample predicts; verbs: and unlearned by.
          Fuzz repository [COUNT [SEED [FIRST]]]
        repository: sequences of writes, cuts, renames and deletions in a repository that is being served.
        --replay runs one mutant in this process and prints what happened. Exit code 1: a fault was found.
        """);
    return 2;
}
if (options.IsWorker) return Worker.Run(options);
if (options.Replay is { } number) return Replay.Run(options, number);
using var interrupted = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    interrupted.Cancel();
};
return new Campaign(options).Run(interrupted.Token);
