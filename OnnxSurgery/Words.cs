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

    /// <summary>The words of an enum, in the order of its members. The member 0 of flags, which is none of them, has none.</summary>
    public static string[] All<T>() where T : struct, Enum => [.. Table<T>.Rows.Select(row => row.Word)];

    /// <summary>The word of a member; of flags those of all that are set, with commas between them.</summary>
    public static string Of<T>(T value) where T : struct, Enum =>
        Table<T>.IsFlags
            ? string.Join(Between, Table<T>.Rows.Where(row => value.HasFlag(row.Value)).Select(row => row.Word))
            : Table<T>.Rows.First(row => EqualityComparer<T>.Default.Equals(row.Value, value)).Word;

    /// <summary>The member of a word; of flags that of several words with commas between them; null for anything else.</summary>
    /// <param name="text">What a user typed.</param>
    public static T? Find<T>(string text) where T : struct, Enum => Find<T>(text, (row, word) => row.Word == word);

    /// <summary>The same, also for what files held before they held words: the names of members.</summary>
    /// <param name="text">What a file holds.</param>
    public static T? FindWritten<T>(string text) where T : struct, Enum =>
        Find<T>(text) ?? Find<T>(text, (row, word) => string.Equals(row.Value.ToString(), word, StringComparison.OrdinalIgnoreCase));

    static T? Find<T>(string text, Func<(T Value, string Word), string, bool> isMeant) where T : struct, Enum
    {
        var parts = Table<T>.IsFlags ? text.Split(Between, StringSplitOptions.TrimEntries) : [text];
        long found = 0;
        foreach (var part in parts)
        {
            var rows = Table<T>.Rows.Where(row => isMeant(row, part)).ToArray();
            if (rows.Length == 0) return null;
            found |= Convert.ToInt64(rows[0].Value, null);
        }
        return (T)Enum.ToObject(typeof(T), found);
    }

    static class Table<T> where T : struct, Enum
    {
        public static readonly bool IsFlags = typeof(T).IsDefined(typeof(FlagsAttribute));

        public static readonly (T Value, string Word)[] Rows = [.. typeof(T).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => (Value: (T)field.GetValue(null)!, field.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name))
            .Where(row => row.Name is not null).Select(row => (row.Value, row.Name!))];
    }
}
