using System.Text.Json;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Attribution.Runs;

/// <summary>
/// A manifest that runs a run as an Indexed Job of Kubernetes (batch/v1, completionMode Indexed): every pod finds its place
/// in JOB_COMPLETION_INDEX. Pods that are evicted do not count as failures.
/// </summary>
static class KubernetesJob
{
    /// <summary>The manifest, YAML.</summary>
    /// <param name="run">The run.</param>
    /// <param name="tasks">How it is shared out.</param>
    /// <param name="image">Container image with the program onnxedit in it.</param>
    /// <param name="claim">Persistent volume claim with the run, the model and the data.</param>
    /// <exception cref="OnnxEngineException">Run, model and data lie in no common folder (<see cref="ErrorKind.Usage"/>).</exception>
    public static string Write(RunFolder run, TaskOptions tasks, string image, string claim)
    {
        var (path, manifest) = (Path.GetFullPath(run.Path), run.Manifest);
        var folder = Common([path, Path.GetDirectoryName(manifest.Model)!, manifest.Data.Path, manifest.Data.EvalPath ?? manifest.Data.Path]);
        string[] command = ["onnxedit", "coar", "sample", path, "--shard", "auto", "--shards", $"{tasks.Tasks}", "--threads", $"{tasks.Cpus}"];
        return $$"""
            # {{run.Work.Chunks.Count}} chunks for {{tasks.Tasks}} pods. The volume has to hold, below the folder it is mounted at, what this machine has there:
            # the run, the model and the data. Chunks that are there are skipped, so that the job may be started again at any time.
            apiVersion: batch/v1
            kind: Job
            metadata:
              generateName: onnxedit-coar-
            spec:
              completionMode: Indexed
              completions: {{tasks.Tasks}}
              parallelism: {{tasks.Tasks}}
              backoffLimitPerIndex: 4
              podFailurePolicy:
                rules:
                  - action: Ignore
                    onPodConditions:
                      - type: DisruptionTarget
              template:
                spec:
                  restartPolicy: Never
                  terminationGracePeriodSeconds: 30
                  containers:
                    - name: coar
                      image: {{Quoted(image)}}
                      command: {{JsonSerializer.Serialize(command, _json)}}
                      resources:
                        requests:
                          cpu: {{tasks.Cpus}}
                      volumeMounts:
                        - name: shared
                          mountPath: {{Quoted(folder)}}
                  volumes:
                    - name: shared
                      persistentVolumeClaim:
                        claimName: {{Quoted(claim)}}

            """;
    }

    static readonly JsonSerializerOptions _json = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // A text of JSON is one of YAML, too.
    static string Quoted(string text) => JsonSerializer.Serialize(text, _json);

    static string Common(string[] paths)
    {
        var common = paths[0];
        foreach (var path in paths)
            while (path != common && !path.StartsWith(Path.TrimEndingDirectorySeparator(common) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                common = Path.GetDirectoryName(common) ?? "/";
        return common != Path.GetPathRoot(common) ? common
            : throw new OnnxEngineException(ErrorKind.Usage, $"Run, model and data ('{paths[0]}', '{paths[1]}', '{paths[2]}') lie in no common folder that a volume could be mounted at; put them into one.");
    }
}
