using Google.Protobuf;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.OnnxSurgery.Tests;

public sealed class ModelMutationTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Two_thousand_damaged_files_are_read_or_refused_but_never_crash()
    {
        var healthy = SmallModels.Classifier().ToByteArray();
        var random = new Random(2026);
        var (read, refused) = (0, 0);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = Mutate(healthy, random);
            var path = _folder.Write("m.onnx", bytes);
            try
            {
                var model = OnnxModel.Load(path);
                _ = ModelCounts.Of(model.Proto);
                _ = ModelHistory.Read(model.Proto);
                read++;
            }
            catch (OnnxSurgeryException e)
            {
                Assert.EndsWith(".", e.Message);
                refused++;
            }
        }
        // Byte flips inside weights mostly leave a readable model; most of the rest must be noticed.
        Assert.True(read > 100 && refused > 300, $"{read} read, {refused} refused");
        var perFile = (GC.GetTotalAllocatedBytes(precise: true) - before) / 2000;
        Assert.True(perFile < 100L * healthy.Length + (1 << 20), $"{perFile:N0} bytes allocated per file of {healthy.Length:N0}");
    }

    static byte[] Mutate(byte[] healthy, Random random)
    {
        // Most mutations hit the first bytes and those around strings and lengths; weights are the bulk of the file.
        List<byte> bytes = [.. healthy];
        for (var edits = random.Next(1, 6); edits > 0; edits--)
        {
            var at = random.Next(random.Next(3) == 0 ? Math.Min(600, bytes.Count) : bytes.Count);
            switch (random.Next(6))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes[at] = random.Next(2) == 0 ? (byte)0 : (byte)0xFF; break;
                case 3: bytes.RemoveAt(at); break;
                case 4: bytes.Insert(at, (byte)random.Next(256)); break;
                default:
                    var length = Math.Min(random.Next(1, 40), bytes.Count - at);
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length));
                    break;
            }
        }
        return [.. bytes];
    }
}
