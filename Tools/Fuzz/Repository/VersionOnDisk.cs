using System.Globalization;
using OnnxEdit.Engine.Deployment;

namespace OnnxEdit.Fuzz;

/// <summary>A version's folder as others write it, and what it must answer.</summary>
/// <param name="model">The model's folder.</param>
/// <param name="number">The version.</param>
/// <param name="time">Tells the time that a file written now gets.</param>
sealed class VersionOnDisk(string model, int number, Func<DateTime> time)
{
    float? _own, _weightInside, _weightBeside;
    bool _isExternal;

    internal int Number => number;

    internal string Folder => Path.Combine(model, number.ToString(CultureInfo.InvariantCulture));

    string ModelPath => Path.Combine(Folder, ModelRepository.ModelFile);

    string DataPath => Path.Combine(Folder, TellingModel.DataFile);

    /// <summary>Whether there is a model file, good or not.</summary>
    internal bool HasModel => File.Exists(ModelPath);

    /// <summary>What its files say; null when they cannot be loaded.</summary>
    internal float? Answer => _own + (_isExternal ? _weightBeside : _weightInside);

    /// <summary>Writes a model file, in place or as a new one, whole or cut.</summary>
    internal void WriteModel(Random random, bool isWhole)
    {
        // Mostly of the kind and so of the size before: what changed then shows in its time alone, or not at all.
        if (random.Next(4) == 0) _isExternal = !_isExternal;
        var (own, weight) = (1000f * random.Next(1, 1000), random.Next(1, 1000));
        var bytes = TellingModel.Model(own, _isExternal ? null : weight);
        Write(ModelPath, isWhole ? bytes : bytes[..random.Next(bytes.Length)], random.Next(3) > 0);
        (_own, _weightInside) = (isWhole ? own : null, weight);
    }

    /// <summary>The same with the file of weights.</summary>
    internal void WriteData(Random random, bool isWhole)
    {
        var weight = random.Next(1, 1000);
        var bytes = TellingModel.Data(weight);
        Write(DataPath, isWhole ? bytes : bytes[..random.Next(bytes.Length)], random.Next(3) > 0);
        _weightBeside = isWhole ? weight : null;
    }

    /// <summary>Writes over a whole file with one of the same size, and of the same time where times are coarse: only its contents change.</summary>
    internal void WriteOver(Random random)
    {
        var value = random.Next(1, 1000);
        if (_isExternal && _weightBeside is not null) Write(DataPath, TellingModel.Data((_weightBeside = value).Value), inPlace: true);
        else if (_own is not null) Write(ModelPath, TellingModel.Model((_own = 1000f * value).Value, _isExternal ? null : _weightInside), inPlace: true);
    }

    /// <summary>Cuts a file where it lies, while the server may have it in use.</summary>
    internal void Cut(Random random)
    {
        var isModel = random.Next(2) == 0;
        var path = isModel ? ModelPath : DataPath;
        if (!File.Exists(path)) return;
        using (var file = File.OpenWrite(path)) file.SetLength(random.NextInt64(Math.Max(1, file.Length)));
        File.SetLastWriteTimeUtc(path, time());
        if (isModel) _own = null;
        else _weightBeside = null;
    }

    /// <summary>Deletes a file or the folder.</summary>
    internal void Delete(Random random)
    {
        var what = random.Next(3);
        if (what != 1) _own = null;
        if (what != 0) _weightBeside = null;
        if (!Directory.Exists(Folder)) return;
        if (what == 2) Directory.Delete(Folder, recursive: true);
        else File.Delete(what == 0 ? ModelPath : DataPath);
    }

    /// <summary>Makes it another version's folder, if that has none.</summary>
    internal void MoveTo(VersionOnDisk other)
    {
        if (!Directory.Exists(Folder) || Directory.Exists(other.Folder)) return;
        Directory.Move(Folder, other.Folder);
        (other._own, other._weightInside, other._weightBeside, other._isExternal) = (_own, _weightInside, _weightBeside, _isExternal);
        (_own, _weightBeside) = (null, null);
    }

    void Write(string path, byte[] bytes, bool inPlace)
    {
        Directory.CreateDirectory(Folder);
        var to = inPlace ? path : path + ".part";
        File.WriteAllBytes(to, bytes);
        File.SetLastWriteTimeUtc(to, time());
        if (!inPlace) File.Move(to, path, overwrite: true);
    }
}
