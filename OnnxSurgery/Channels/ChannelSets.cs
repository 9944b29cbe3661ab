namespace OnnxEdit.Surgery.Channels;

/// <summary>
/// Union-find over channel identities. Identity 0 stands for "not a channel of ours": a position that must stay.
/// Joining a channel with it locks the channel.
/// </summary>
sealed class ChannelSets
{
    readonly List<int> _parent = [0];
    readonly Dictionary<int, ChannelLock> _locks = [];

    /// <summary>Creates <paramref name="count"/> new identities, consecutive.</summary>
    public int[] Fresh(int count)
    {
        var ids = new int[count];
        for (var i = 0; i < count; i++)
        {
            ids[i] = _parent.Count;
            _parent.Add(ids[i]);
        }
        return ids;
    }

    /// <summary>The representative of an identity's set; 0 for 0.</summary>
    public int Find(int id)
    {
        while (_parent[id] != id)
        {
            _parent[id] = _parent[_parent[id]];
            id = _parent[id];
        }
        return id;
    }

    /// <summary>Makes two identities live and die together; a channel joined with 0 is locked instead.</summary>
    public void Join(int a, int b, ChannelLock reason)
    {
        (a, b) = (Find(a), Find(b));
        if (a == b) return;
        if (a == 0 || b == 0)
        {
            Lock(Math.Max(a, b), reason);
            return;
        }
        var (low, high) = (Math.Min(a, b), Math.Max(a, b));
        _parent[high] = low;
        if (_locks.Remove(high, out var held)) _locks.TryAdd(low, held);
    }

    /// <summary>Marks a channel as not removable; the first reason is kept.</summary>
    public void Lock(int id, ChannelLock reason)
    {
        id = Find(id);
        if (id != 0) _locks.TryAdd(id, reason);
    }

    /// <summary>Why a channel is locked, or null when it is free.</summary>
    public ChannelLock? LockOf(int id) => _locks.GetValueOrDefault(Find(id));

    /// <summary>Number of identities, 0 included.</summary>
    public int Count => _parent.Count;
}
