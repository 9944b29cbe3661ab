using OnnxEdit.Engine.Data.Targets;

namespace OnnxEdit.Engine.Data.Sources;

/// <summary>A source of 8-bit images.</summary>
abstract class PixelSource : DataSource
{
    /// <summary>Whether reading means decoding an image file.</summary>
    internal virtual bool IsCostly => false;

    internal abstract RawImage Read(int index);

    /// <summary>What to call an item in an error: its file, or its number in one.</summary>
    internal abstract string Name(int index);

    /// <summary>Several sources one after the other.</summary>
    internal static PixelSource Join(IReadOnlyList<PixelSource> sources) => sources.Count == 1 ? sources[0] : new Joined(sources);

    sealed class Joined : PixelSource
    {
        readonly IReadOnlyList<PixelSource> _sources;
        readonly int[] _starts;

        internal Joined(IReadOnlyList<PixelSource> sources)
        {
            _sources = sources;
            _starts = new int[sources.Count + 1];
            for (var i = 0; i < sources.Count; i++)
                _starts[i + 1] = checked(_starts[i] + sources[i].Count);
        }

        internal override int Count => _starts[^1];

        internal override bool IsCostly => _sources.Any(source => source.IsCostly);

        internal override int Label(int index)
        {
            var (source, own) = Find(index);
            return source.Label(own);
        }

        internal override ItemTarget? Target(int index)
        {
            var (source, own) = Find(index);
            return source.Target(own);
        }

        internal override RawImage Read(int index)
        {
            var (source, own) = Find(index);
            return source.Read(own);
        }

        internal override string Name(int index)
        {
            var (source, own) = Find(index);
            return source.Name(own);
        }

        (PixelSource Source, int Index) Find(int index)
        {
            var at = 0;
            while (index >= _starts[at + 1])
                at++;
            return (_sources[at], index - _starts[at]);
        }
    }
}
