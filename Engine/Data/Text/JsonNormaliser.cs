using System.Text.Json;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>Reads the normaliser of a tokenizer.json.</summary>
static class JsonNormaliser
{
    /// <summary>What it does to a text, and in words for the reader.</summary>
    /// <param name="part">The field "normalizer"; null: none.</param>
    /// <param name="refuse">Makes the error for a kind that is not supported.</param>
    public static (Func<string, string> Apply, string Said) Read(JsonElement? part, Func<string, Exception> refuse)
    {
        if (part is not { } normaliser) return (text => text, "");
        var type = normaliser.Word("type") ?? "";
        switch (type)
        {
            case "BertNormalizer":
                var lowers = normaliser.Flag("lowercase") ?? true;
                return (Normalisers.Bert(normaliser.Flag("clean_text") ?? true, normaliser.Flag("handle_chinese_chars") ?? true, normaliser.Flag("strip_accents") ?? lowers, lowers),
                    lowers ? ", lower case" : ", upper and lower case");
            case "Lowercase":
                return (Normalisers.Lower, ", lower case");
            case "StripAccents":
                return (Normalisers.StripAllMarks, "");
            case "NFC":
                return (UnicodeForms.Compose, "");
            case "NFD":
                return (UnicodeForms.Decompose, "");
            case "Sequence":
                var steps = normaliser.List("normalizers").Select(step => Read(step, refuse)).ToArray();
                return (Normalisers.InTurn([.. steps.Select(step => step.Apply)]), string.Concat(steps.Select(step => step.Said).Distinct()));
            default:
                throw refuse(type);
        }
    }
}
