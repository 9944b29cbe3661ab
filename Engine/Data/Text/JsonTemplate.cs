using System.Text.Json;

namespace OnnxEdit.Engine.Data.Text;

/// <summary>Reads the post-processor of a tokenizer.json: which tokens stand around texts.</summary>
static class JsonTemplate
{
    /// <summary>The template.</summary>
    /// <param name="part">The field "post_processor"; null: nothing stands around texts.</param>
    /// <param name="refuse">Makes the error for a kind that is not supported.</param>
    public static TokenTemplate Read(JsonElement? part, Func<string, Exception> refuse)
    {
        if (part is not { } processor) return TokenTemplate.Plain;
        var type = processor.Word("type") ?? "";
        switch (type)
        {
            case "BertProcessing":
                return TokenTemplate.Bert(Id(processor, "cls"), Id(processor, "sep"));
            case "RobertaProcessing":
                return TokenTemplate.Roberta(Id(processor, "cls"), Id(processor, "sep"));
            case "TemplateProcessing":
                var special = processor.Field("special_tokens") ?? default;
                return new TokenTemplate([.. processor.List("single").SelectMany(piece => Parts(piece, special))], [.. processor.List("pair").SelectMany(piece => Parts(piece, special))]);
            case "ByteLevel":
                // It moves where tokens begin in the text, which nobody asks here.
                return TokenTemplate.Plain;
            case "Sequence":
                var templates = processor.List("processors").Select(step => Read(step, refuse)).Where(template => template != TokenTemplate.Plain).ToArray();
                return templates.Length switch { 0 => TokenTemplate.Plain, 1 => templates[0], _ => throw refuse("Sequence of several templates") };
            default:
                throw refuse(type);
        }
    }

    // ["[CLS]", 101]
    static int Id(JsonElement processor, string name) => processor.GetProperty(name)[1].GetInt32();

    static IEnumerable<TemplatePart> Parts(JsonElement piece, JsonElement special)
    {
        if (piece.Field("Sequence") is { } sequence) return [TemplatePart.Of(sequence.Word("id") == "B" ? 1 : 0, Type(sequence))];
        var token = piece.GetProperty("SpecialToken");
        return special.GetProperty(token.Word("id")!).List("ids").Select(id => TemplatePart.Token(id.GetInt32(), Type(token)));
    }

    static int Type(JsonElement piece) => piece.Field("type_id")?.GetInt32() ?? 0;
}
