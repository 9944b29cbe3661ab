using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json.Serialization;

namespace OnnxEdit.Surgery;

/// <summary>
/// The words that users type for the members of an enum. Each stands once, at its member
/// (<see cref="JsonStringEnumMemberNameAttribute"/>); options, plans, histories, JSON and messages read it here.
/// </summary>
static class Words
{
    const char Between = ',';

    // One table for all enums, without their types: a generic one would be compiled anew for each at every start.
    static readonly ConcurrentDictionary<Type, (long Value, string Word)[]> _rows = new();

    /// <summary>The words of an enum, in the order of its members. The member 0 of flags, which is none of them, has none.</summary>
    public static string[] All<T>() where T : struct, Enum => Array.ConvertAll(Rows(typeof(T)), row => row.Word);

    /// <summary>The word of a member; of flags those of all that are set, with commas between them.</summary>
    public static string Of<T>(T value) where T : struct, Enum => Of(typeof(T), Convert.ToInt64(value, null));

    /// <summary>The member of a word; of flags that of several words with commas between them; null for anything else.</summary>
    /// <param name="text">What a user typed.</param>
    public static T? Find<T>(string text) where T : struct, Enum => Find(typeof(T), text, isWritten: false) is { } value ? (T)Enum.ToObject(typeof(T), value) : null;

    /// <summary>The same, also for what files held before they held words: the names of members.</summary>
    /// <param name="text">What a file holds.</param>
    public static T? FindWritten<T>(string text) where T : struct, Enum =>
        Find<T>(text) ?? (Find(typeof(T), text, isWritten: true) is { } value ? (T)Enum.ToObject(typeof(T), value) : null);

    static string Of(Type type, long value) =>
        IsFlags(type)
            ? string.Join(Between, Array.ConvertAll(Array.FindAll(Rows(type), row => (value & row.Value) == row.Value), row => row.Word))
            : Array.Find(Rows(type), row => row.Value == value).Word ?? throw new InvalidOperationException($"{type.Name} has no word for {value}.");

    static long? Find(Type type, string text, bool isWritten)
    {
        long found = 0;
        foreach (var part in IsFlags(type) ? text.Split(Between, StringSplitOptions.TrimEntries) : [text])
        {
            var row = Array.Find(Rows(type), row => isWritten
                ? string.Equals(Enum.GetName(type, Enum.ToObject(type, row.Value)), part, StringComparison.OrdinalIgnoreCase) : row.Word == part);
            if (row.Word is null) return null;
            found |= row.Value;
        }
        return found;
    }

    static bool IsFlags(Type type) => type.IsDefined(typeof(FlagsAttribute), inherit: false);

    static (long Value, string Word)[] Rows(Type type) => _rows.GetOrAdd(type, static of =>
    {
        List<(long, string)> rows = [];
        foreach (var field in of.GetFields(BindingFlags.Public | BindingFlags.Static))
            if (field.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name is { } word) rows.Add((Convert.ToInt64(field.GetRawConstantValue(), null), word));
        return [.. rows];
    });
}
