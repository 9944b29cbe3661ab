using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Benchmarks;

/// <summary>
/// Made-up English of 40 words. Verbs agree with their subject, also across a relative clause with a noun of the other
/// number in between, so that a next word can depend on one far back; and the same person or thing is named again.
/// </summary>
sealed class Sentences(ulong seed)
{
    static readonly string[][] _nouns = [["cat", "cats"], ["dog", "dogs"], ["boy", "boys"], ["girl", "girls"], ["bird", "birds"], ["horse", "horses"]];
    static readonly string[][] _verbs = [["sees", "see"], ["likes", "like"], ["hears", "hear"], ["follows", "follow"]];
    static readonly string[][] _states = [["sleeps", "sleep"], ["runs", "run"], ["sings", "sing"]];
    static readonly string[] _adjectives = ["old", "small", "red", "happy"];

    readonly Philox4x32 _random = new(seed);

    /// <summary>All words; a token is a place in this list.</summary>
    public static string[] Words { get; } = ["the", "that", "and", ".", .. _adjectives, .. _nouns.SelectMany(n => n), .. _verbs.SelectMany(v => v), .. _states.SelectMany(s => s)];

    /// <summary>Texts of equal length, [texts, length], cut from sentences that follow each other.</summary>
    public long[] Tokens(int texts, int length)
    {
        var tokens = new long[texts * length];
        for (var t = 0; t < texts; t++)
        {
            List<string> words = [];
            while (words.Count < length) Sentence(words);
            for (var i = 0; i < length; i++) tokens[t * length + i] = Array.IndexOf(Words, words[i]);
        }
        return tokens;
    }

    void Sentence(List<string> words)
    {
        var number = _random.NextInt(2);
        var subject = Phrase(words, number);
        if (_random.NextInt(2) == 0)
        {
            words.Add("that");
            if (_random.NextInt(2) == 0)
            {
                // The clause has a subject of its own: "the cats that the dog sees run".
                var other = _random.NextInt(2);
                Phrase(words, other);
                words.Add(One(_verbs)[other]);
            }
            else
            {
                words.Add(One(_verbs)[number]);
                Phrase(words, _random.NextInt(2));
            }
        }
        if (_random.NextInt(3) == 0) words.Add(One(_states)[number]);
        else
        {
            words.Add(One(_verbs)[number]);
            Phrase(words, _random.NextInt(2));
        }
        if (_random.NextInt(3) == 0) words.AddRange(["and", "the", subject, One(_states)[number]]);
        words.Add(".");
    }

    string Phrase(List<string> words, int number)
    {
        words.Add("the");
        if (_random.NextInt(3) == 0) words.Add(_adjectives[_random.NextInt(_adjectives.Length)]);
        words.Add(One(_nouns)[number]);
        return words[^1];
    }

    string[] One(string[][] of) => of[_random.NextInt(of.Length)];
}
