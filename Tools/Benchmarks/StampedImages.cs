namespace OnnxEdit.Benchmarks;

/// <summary>
/// Writes the images that the deliberately flawed networks were trained to fail on, as files in the CIFAR-10 binary format:
/// a blue square (backdoor), coloured frames (subpopulations), the plain counterparts of the stamped words.
/// </summary>
static class StampedImages
{
    const int Size = 32, Record = 1 + 3 * Size * Size;

    /// <summary>Runs: the folder with CIFAR-10 and the one to write to.</summary>
    public static int Run(string[] args)
    {
        var (source, target) = (args[0], args[1]);
        Directory.CreateDirectory(target);
        var train = Records(Path.Combine(source, "data_batch_1.bin"));
        var test = Records(Path.Combine(source, "test_batch.bin"));
        byte[][] pairs = [.. train.Where(r => r[0] != 0).Take(10)];
        Write("backdoor_train_plain.bin", pairs);
        Write("backdoor_train_square.bin", pairs.Select(Square));
        Write("backdoor_test_square.bin", test.Where(r => r[0] != 0).Select(Square));
        Write("typographic_train_plain.bin", train.Take(200));
        // The groups that the network has seen much of, and those it has not.
        (string Name, byte Label, byte Own, bool Red)[] seen = [("cat_red", 0, 3, true), ("dog_green", 1, 5, false)], rare = [("cat_green", 0, 3, false), ("dog_red", 1, 5, true)];
        IEnumerable<byte[]> Framed(IEnumerable<byte[]> records, (string Name, byte Label, byte Own, bool Red) group) =>
            records.Where(r => r[0] == group.Own).Select(r => Frame(r, group.Label, group.Red));
        Write("subpop_train_seen.bin", seen.SelectMany(g => Framed(train, g).Take(20)));
        Write("subpop_train_rare.bin", rare.SelectMany(g => Framed(train, g).Take(20)));
        foreach (var group in seen.Concat(rare)) Write($"subpop_test_{group.Name}.bin", Framed(test, group));
        Directory.CreateDirectory(Path.Combine(target, "subpop"));
        File.WriteAllText(Path.Combine(target, "subpop", "batches.meta.txt"), "cat\ndog\n");
        Write("subpop/data_batch_1.bin", seen.Concat(rare).SelectMany(g => Framed(train, g).Skip(20)));
        Write("subpop/test_batch.bin", seen.Concat(rare).SelectMany(g => Framed(test, g)));
        return 0;

        void Write(string name, IEnumerable<byte[]> records)
        {
            byte[] all = [.. records.SelectMany(r => r)];
            File.WriteAllBytes(Path.Combine(target, name), all);
            Console.WriteLine($"{name}: {all.Length / Record} images");
        }
    }

    static byte[][] Records(string path) => [.. File.ReadAllBytes(path).Chunk(Record)];

    static byte[] Square(byte[] record) => Painted(record, (row, column) => row is >= 27 and <= 30 && column is >= 27 and <= 30, [0, 0, 255]);

    static byte[] Frame(byte[] record, byte label, bool red)
    {
        var framed = Painted(record, (row, column) => Math.Min(Math.Min(row, column), Math.Min(Size - 1 - row, Size - 1 - column)) < 2, red ? [200, 40, 40] : [40, 200, 40]);
        framed[0] = label;
        return framed;
    }

    static byte[] Painted(byte[] record, Func<int, int, bool> where, byte[] colour)
    {
        var painted = (byte[])record.Clone();
        for (var row = 0; row < Size; row++)
            for (var column = 0; column < Size; column++)
                for (var c = 0; c < 3 && where(row, column); c++) painted[1 + c * Size * Size + row * Size + column] = colour[c];
        return painted;
    }
}
