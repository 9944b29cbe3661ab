using OnnxEdit.Kernels.RandomNumbers;

namespace OnnxEdit.Fuzz.Mutations;

/// <summary>Damage that knows nothing of the format: flipped, inserted, deleted, repeated and cut bytes.</summary>
static class ByteMutations
{
    public static byte[] Apply(byte[] source, Philox4x32 random, List<string> edits)
    {
        List<byte> bytes = [.. source];
        for (var left = 1 + random.NextInt(5); left > 0 && bytes.Count > 0; left--)
        {
            // Weights are the bulk of a file and hardly matter; names and lengths are mostly near its ends.
            var at = random.NextInt(4) switch
            {
                0 => random.NextInt(bytes.Count),
                1 => bytes.Count - 1 - random.NextInt(Math.Min(2000, bytes.Count)),
                _ => random.NextInt(Math.Min(4000, bytes.Count)),
            };
            switch (random.NextInt(8))
            {
                case 0: bytes[at] ^= (byte)(1 << random.NextInt(8)); edits.Add("flip a bit"); break;
                case 1: bytes[at] = (byte)random.NextInt(256); edits.Add("change a byte"); break;
                case 2: bytes[at] = (byte)(random.NextInt(2) == 0 ? 0 : 0xFF); edits.Add("extreme byte"); break;
                case 3: bytes.InsertRange(at, Enumerable.Range(0, 1 + random.NextInt(12)).Select(_ => (byte)random.NextInt(256))); edits.Add("insert bytes"); break;
                case 4: bytes.RemoveRange(at, Math.Min(1 + random.NextInt(40), bytes.Count - at)); edits.Add("delete bytes"); break;
                case 5: bytes.RemoveRange(at, bytes.Count - at); edits.Add("truncate"); break;
                case 6:
                    var part = bytes.GetRange(at, Math.Min(1 + random.NextInt(200), bytes.Count - at));
                    bytes.InsertRange(random.NextInt(bytes.Count), part);
                    edits.Add("splice");
                    break;
                default:
                    for (var i = at; i < Math.Min(at + 1 + random.NextInt(10), bytes.Count); i++) bytes[i] |= 0x80;
                    edits.Add("long varint");
                    break;
            }
        }
        return [.. bytes];
    }
}
