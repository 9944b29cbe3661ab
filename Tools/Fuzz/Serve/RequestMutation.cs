using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace OnnxEdit.Fuzz;

/// <summary>Changes requests: bytes, ranges, numbers, names. The length is put right again most of the time, so that the body is read at all.</summary>
static partial class RequestMutation
{
    static readonly string[] _numbers = ["0", "-1", "1e999", "4294967296", "9223372036854775807", "-9223372036854775808", "99999999999999999999", "1.5", "null", "\"1\"", "[]", "{}", "2147483648"];

    static readonly string[] _words = ["../../etc/passwd", "%2e%2e%2f", "FP16", "BYTES", "INT64", "BOOL", "\\ud800", "\\u0000", "", "x", "shared_memory_region", "binary_data_size", "data", "inputs"];

    /// <summary>A mutant.</summary>
    /// <param name="seeds">Right requests.</param>
    /// <param name="random">Its draws.</param>
    /// <param name="number">Its number, which chooses the seed.</param>
    internal static byte[] Of(IReadOnlyList<byte[]> seeds, Random random, int number)
    {
        var bytes = seeds[number % seeds.Count].ToArray();
        for (var changes = 1 + random.Next(3); changes > 0; changes--)
            bytes = random.Next(8) switch
            {
                0 => Flip(bytes, random),
                1 => Cut(bytes, random),
                2 => Insert(bytes, random),
                3 => bytes[..random.Next(bytes.Length)],
                4 or 5 => Replace(bytes, NumberPattern(), _numbers, random),
                6 => Replace(bytes, WordPattern(), _words, random),
                _ => Repeat(bytes, random),
            };
        return random.Next(4) > 0 ? WithLength(bytes) : bytes;
    }

    static byte[] Flip(byte[] bytes, Random random)
    {
        if (bytes.Length > 0) bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        return bytes;
    }

    static byte[] Cut(byte[] bytes, Random random)
    {
        var start = random.Next(bytes.Length + 1);
        return [.. bytes[..start], .. bytes[Math.Min(bytes.Length, start + random.Next(64))..]];
    }

    static byte[] Insert(byte[] bytes, Random random)
    {
        var start = random.Next(bytes.Length + 1);
        var more = new byte[random.Next(1, 32)];
        random.NextBytes(more);
        return [.. bytes[..start], .. more, .. bytes[start..]];
    }

    static byte[] Repeat(byte[] bytes, Random random)
    {
        if (bytes.Length == 0) return bytes;
        var start = random.Next(bytes.Length);
        var part = bytes[start..Math.Min(bytes.Length, start + random.Next(1, 40))];
        return [.. bytes[..start], .. Enumerable.Repeat(part, random.Next(2, 60)).SelectMany(p => p), .. bytes[start..]];
    }

    // Latin-1 keeps every byte what it is.
    static byte[] Replace(byte[] bytes, Regex what, string[] with, Random random)
    {
        var text = Encoding.Latin1.GetString(bytes);
        var found = what.Matches(text);
        if (found.Count == 0) return bytes;
        var match = found[random.Next(found.Count)];
        return Encoding.Latin1.GetBytes(text[..match.Index] + with[random.Next(with.Length)] + text[(match.Index + match.Length)..]);
    }

    static byte[] WithLength(byte[] bytes)
    {
        var text = Encoding.Latin1.GetString(bytes);
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0) return bytes;
        var length = (bytes.Length - end - 4).ToString(CultureInfo.InvariantCulture);
        return Encoding.Latin1.GetBytes(LengthPattern().Replace(text[..end], $"\r\nContent-Length: {length}", 1) + text[end..]);
    }

    [GeneratedRegex(@"-?\d+(\.\d+)?")]
    private static partial Regex NumberPattern();

    [GeneratedRegex(@"[A-Za-z_]\w+")]
    private static partial Regex WordPattern();

    [GeneratedRegex(@"\r\nContent-Length: [^\r]*")]
    private static partial Regex LengthPattern();
}
