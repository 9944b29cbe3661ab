using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;

namespace OnnxEdit.Cli;

/// <summary>
/// A piece of HTML or SVG, written as an interpolated string: what stands between the braces is escaped unless it is
/// HTML itself, so that no name in a model can become markup. Numbers are written the same in every culture.
/// </summary>
[InterpolatedStringHandler]
sealed class Html(int literalLength, int formattedCount)
{
    readonly StringBuilder _text = new(literalLength + (16 * formattedCount));

    /// <summary>Nothing.</summary>
    internal static Html Empty => $"";

    /// <summary>Markup as the string is written.</summary>
    public void AppendLiteral(string text) => _text.Append(text);

    /// <summary>Text, escaped.</summary>
    public void AppendFormatted(string? text) => _text.Append(WebUtility.HtmlEncode(text));

    /// <summary>Markup.</summary>
    public void AppendFormatted(Html? html) => _text.Append(html?._text);

    /// <summary>Pieces of markup, one after the other.</summary>
    public void AppendFormatted(IEnumerable<Html> pieces)
    {
        foreach (var piece in pieces) _text.Append(piece._text);
    }

    /// <summary>A coordinate or another number.</summary>
    public void AppendFormatted(double number) => _text.Append(Math.Round(number, 2).ToString(CultureInfo.InvariantCulture));

    /// <inheritdoc cref="AppendFormatted(double)"/>
    public void AppendFormatted(int number) => _text.Append(CultureInfo.InvariantCulture, $"{number}");

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();
}
