namespace OnnxEdit.Engine.Tasks.Sequences;

/// <summary>
/// The entities that tags mark, as conlleval counts them: B- begins one, I- goes on, and begins one where the type changes or nothing
/// stands before; E- and S- of IOBES end them.
/// </summary>
static class TagEntities
{
    /// <summary>Type, first and last word of each.</summary>
    public static IReadOnlyList<(string Type, int First, int Last)> Of(IReadOnlyList<string> tags)
    {
        List<(string, int, int)> entities = [];
        var (before, typeBefore, begin) = ('O', "", 0);
        for (var i = 0; i <= tags.Count; i++)
        {
            var (prefix, type) = i < tags.Count ? Parted(tags[i]) : ('O', "");
            var isOther = typeBefore != type;
            if (before is 'E' or 'S' || before is 'B' or 'I' && prefix is 'B' or 'S' or 'O' || before != 'O' && isOther) entities.Add((typeBefore, begin, i - 1));
            if (prefix is 'B' or 'S' || before is 'E' or 'S' or 'O' && prefix is 'E' or 'I' || prefix != 'O' && isOther) begin = i;
            (before, typeBefore) = (prefix, type);
        }
        return entities;
    }

    static (char Prefix, string Type) Parted(string tag) => tag.Length == 0 ? ('O', "") : (tag[0], tag.Length > 2 && tag[1] == '-' ? tag[2..] : tag[1..]);
}
