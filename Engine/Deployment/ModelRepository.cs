using System.Globalization;
using System.Text.RegularExpressions;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Deployment;

/// <summary>
/// A folder of models in the layout that Triton made common: NAME/VERSION/model.onnx. What is published is staged in a
/// folder whose name starts with a dot and renamed, so that an end at any moment leaves a repository that can be served.
/// </summary>
public sealed partial class ModelRepository
{
    /// <summary>Name of the model file in a version's folder.</summary>
    public const string ModelFile = "model.onnx";

    /// <summary>Opens a repository.</summary>
    /// <param name="root">Its folder.</param>
    /// <param name="create">Makes the folder when it is missing.</param>
    /// <exception cref="OnnxEngineException">There is no such folder (<see cref="ErrorKind.Usage"/>).</exception>
    public ModelRepository(string root, bool create = false)
    {
        if (create) Directory.CreateDirectory(root);
        if (!Directory.Exists(root)) throw new OnnxEngineException(ErrorKind.Usage, $"There is no folder '{root}'; Deployer.Deploy with DeployOptions.Repository = {root} makes it.");
        Root = Real(Path.GetFullPath(root));
    }

    /// <summary>The folder's full path, links resolved.</summary>
    public string Root { get; }

    /// <summary>Names of the models, sorted.</summary>
    public IReadOnlyList<string> Names =>
        [.. Directory.GetDirectories(Root).Select(folder => Path.GetFileName(folder)).Where(name => IsName(name) && IsInside(name) && HasModel(name)).Order(StringComparer.Ordinal)];

    /// <summary>Whether a text may name a model: letters, digits, '.', '_' and '-', not starting with '.' or '-', 100 at most.</summary>
    public static bool IsName(string? name) => name is not null && NamePattern().IsMatch(name);

    /// <summary>Refuses what cannot name a model.</summary>
    /// <exception cref="OnnxEngineException">It cannot (<see cref="ErrorKind.Usage"/>).</exception>
    public static void RequireName(string? name)
    {
        if (!IsName(name))
            throw new OnnxEngineException(ErrorKind.Usage, $"'{name}' cannot name a model; use letters, digits, '.', '_' and '-', at most 100, with a letter or digit first.");
    }

    /// <summary>The folder of a model, whether it exists or not.</summary>
    /// <exception cref="OnnxEngineException">The name is none, or leads out of the repository.</exception>
    public string Folder(string name)
    {
        RequireName(name);
        if (!IsInside(name)) throw new OnnxEngineException(ErrorKind.Usage, $"'{name}' leads out of the repository, which is not allowed; put the model's files there.");
        return Path.Combine(Root, name);
    }

    /// <summary>The model file of a version.</summary>
    /// <inheritdoc cref="Folder"/>
    public string ModelPath(string name, int version) => Path.Combine(Folder(name), version.ToString(CultureInfo.InvariantCulture), ModelFile);

    /// <summary>Numbers of the versions that have a model file, ascending.</summary>
    public IReadOnlyList<int> VersionsOf(string name)
    {
        var folder = Folder(name);
        return [.. Numbered(folder).Where(number => File.Exists(Path.Combine(folder, $"{number}", ModelFile)))];
    }

    /// <summary>The number of the next version: above every folder that is there, whatever it holds.</summary>
    public int NextVersion(string name) => Numbered(Folder(name)).LastOrDefault() + 1;

    /// <summary>The manifest of a model; null for a model that was not deployed by this program.</summary>
    public DeploymentManifest? Manifest(string name) => DeploymentManifest.Read(Folder(name));

    /// <summary>The manifest, which must be there.</summary>
    /// <exception cref="OnnxEngineException">Nothing is deployed under that name (<see cref="ErrorKind.Usage"/>).</exception>
    public DeploymentManifest RequireManifest(string name) => Manifest(name) ?? throw new OnnxEngineException(
        ErrorKind.Usage, $"No model '{name}' is deployed in '{Root}'{(Names.Count > 0 ? $" (there are {string.Join(", ", Names)})" : "")}.");

    /// <summary>
    /// Holds a model against other deployments until disposed of; the system lets go when the process ends, however it
    /// ends. What an earlier one left half done is removed.
    /// </summary>
    /// <exception cref="OnnxEngineException">Another deployment is at work on it (<see cref="ErrorKind.Usage"/>).</exception>
    public IDisposable Lock(string name)
    {
        RequireName(name);
        FileStream held;
        try
        {
            held = new FileStream(Path.Combine(Root, $".{name}.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new OnnxEngineException(ErrorKind.Usage, $"Another deployment of '{name}' is at work in '{Root}'; try again when it is done.", e);
        }
        foreach (var left in Directory.GetDirectories(Root, $".{name}.*.staging")) Directory.Delete(left, recursive: true);
        return held;
    }

    /// <summary>An empty folder to prepare a version in; call with the lock held.</summary>
    public string Stage(string name) => Directory.CreateDirectory(Path.Combine(Root, $".{name}.{Guid.NewGuid():N}.staging")).FullName;

    // Folders named by a number, ascending; "01" is not how a number is written.
    static IEnumerable<int> Numbered(string folder) => !Directory.Exists(folder) ? [] : Directory.GetDirectories(folder)
        .Select(path => Path.GetFileName(path))
        .Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && $"{number}" == text ? number : 0)
        .Where(number => number > 0).Order();

    bool HasModel(string name) => VersionsOf(name).Count > 0;

    bool IsInside(string name)
    {
        var folder = Path.Combine(Root, name);
        return !Path.Exists(folder) || Real(folder) == folder;
    }

    static string Real(string path) => new DirectoryInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}\z")]
    private static partial Regex NamePattern();
}
