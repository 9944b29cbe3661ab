using System.Text;
using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>Reads text files without replacing anything in silence.</summary>
static class Utf8File
{
    static readonly UTF8Encoding _strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text of a file, unpacked when its name ends in .gz, without a byte order mark.</summary>
    /// <exception cref="OnnxEngineException">It cannot be read or is not UTF-8 (<see cref="ErrorKind.Data"/>).</exception>
    public static string Read(string path)
    {
        var bytes = DataFiles.ReadAll(path);
        try
        {
            return _strict.GetString(bytes).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException inner)
        {
            var at = inner.Index;
            var line = bytes.AsSpan(0, at).Count((byte)'\n') + 1;
            throw new OnnxEngineException(ErrorKind.Data,
                $"Line {line} of '{path}' is not UTF-8: byte {at + 1} of the file is 0x{bytes[at]:X2}; convert the file, e.g. with iconv -t UTF-8.", inner);
        }
    }
}
