using System.Text.Json;
using System.Text.RegularExpressions;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Deployment;

/// <summary>The files that servers other than ours read, written anew whenever another version becomes active, and the command that starts each.</summary>
static partial class ServingFiles
{
    /// <summary>Writes what the active version needs: config.pbtxt, and the format's own file.</summary>
    public static void Write(ModelRepository repository, DeploymentManifest manifest, DeploymentFormat format, string? storageUri)
    {
        var folder = repository.Folder(manifest.Name);
        var hasLabels = File.Exists(Path.Combine(folder, TritonConfig.LabelsFile));
        AtomicFile.WriteText(Path.Combine(folder, TritonConfig.FileName), TritonConfig.Text(manifest.Name, manifest.ActiveVersion, hasLabels), overwrite: true);
        // Once written for a server, its file keeps up with what is active, whichever format a later call names.
        if (format == DeploymentFormat.Ovms || File.Exists(OvmsPath(repository)))
            AtomicFile.WriteText(OvmsPath(repository), Ovms(repository), overwrite: true);
        if (format == DeploymentFormat.KServe)
            AtomicFile.WriteText(Path.Combine(folder, KServeFile), KServe(manifest.Name, storageUri!), overwrite: true);
    }

    const string KServeFile = "inferenceservice.yaml";

    /// <summary>Checks what a format asks for before any work is done.</summary>
    /// <exception cref="OnnxEngineException">Something is missing (<see cref="ErrorKind.Usage"/>).</exception>
    public static void Require(string name, DeploymentFormat format, string? storageUri)
    {
        if (format != DeploymentFormat.KServe) return;
        if (string.IsNullOrEmpty(storageUri)) throw new OnnxEngineException(ErrorKind.Usage, "DeployOptions.Format = kserve needs DeployOptions.StorageUri: where the cluster finds the repository, e.g. pvc://models/repo or s3://bucket/repo.");
        if (!DnsPattern().IsMatch(name)) throw new OnnxEngineException(ErrorKind.Usage, $"'{name}' cannot name a Kubernetes object; use small letters, digits and '-', at most 63.");
    }

    /// <summary>The command that serves the repository.</summary>
    public static string Line(ModelRepository repository, DeploymentManifest manifest, DeploymentFormat format) => format switch
    {
        DeploymentFormat.Triton => $"docker run --rm -p 8000:8000 -p 8001:8001 -p 8002:8002 -v {repository.Root}:/models nvcr.io/nvidia/tritonserver:25.10-py3 tritonserver --model-repository=/models",
        DeploymentFormat.Ovms => $"docker run --rm -p 8000:8000 -p 9000:9000 -v {repository.Root}:/models openvino/model_server:latest --config_path /models/config.json --rest_port 8000 --port 9000",
        DeploymentFormat.OnnxruntimeServer => $"onnxruntime_server --http-port=8080 --model-dir={repository.Root} --prepare-model={manifest.Name}:{manifest.Active}",
        _ => $"kubectl apply -f {Path.Combine(repository.Folder(manifest.Name), KServeFile)}",
    };

    static string OvmsPath(ModelRepository repository) => Path.Combine(repository.Root, "config.json");

    static string Ovms(ModelRepository repository)
    {
        var models = repository.Names.Select(repository.Manifest).OfType<DeploymentManifest>().Select(model => new
        {
            config = new { name = model.Name, base_path = $"/models/{model.Name}", model_version_policy = new { specific = new { versions = new[] { model.Active } } } },
        });
        return JsonSerializer.Serialize(new { model_config_list = models }, DeploymentManifest.Json) + "\n";
    }

    static string KServe(string name, string storageUri) => $"""
        apiVersion: serving.kserve.io/v1beta1
        kind: InferenceService
        metadata:
          name: {name}
        spec:
          predictor:
            model:
              modelFormat:
                name: onnx
              protocolVersion: v2
              runtime: kserve-tritonserver
              storageUri: {JsonSerializer.Serialize(storageUri)}

        """;

    [GeneratedRegex(@"\A[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\z")]
    private static partial Regex DnsPattern();
}
