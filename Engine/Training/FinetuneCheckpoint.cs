using System.Runtime.InteropServices;
using System.Text;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Engine.Training.Rules;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Engine.Training;

/// <summary>
/// A training that can be gone on with: weights, memory of the update rule, step, best so far. Random numbers follow from
/// seed and step. A file is little-endian: a line that says what it is, what was asked for as pairs of texts, then numbers.
/// </summary>
sealed class FinetuneCheckpoint
{
    const string Head = "onnxedit finetune checkpoint 2";

    readonly byte[] _state;

    FinetuneCheckpoint(IReadOnlyDictionary<string, string> terms, byte[] state) => (Terms, _state) = (terms, state);

    /// <summary>What determines the training: model, data and options.</summary>
    internal IReadOnlyDictionary<string, string> Terms { get; }

    /// <summary>Reads a checkpoint.</summary>
    /// <exception cref="OnnxEngineException">The file cannot be read, or is none (<see cref="ErrorKind.Usage"/>).</exception>
    public static FinetuneCheckpoint Load(string path)
    {
        try
        {
            using var reader = new BinaryReader(File.OpenRead(path), Encoding.UTF8);
            if (reader.ReadString() != Head) throw new InvalidDataException("it does not begin as one of this version");
            var terms = new Dictionary<string, string>();
            for (var left = reader.ReadInt32(); left > 0; left--) terms[reader.ReadString()] = reader.ReadString();
            var length = reader.ReadInt32();
            var state = reader.ReadBytes(length);
            if (state.Length != length) throw new InvalidDataException("it is cut short");
            return new FinetuneCheckpoint(terms, state);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or ArgumentException or FormatException)
        {
            throw new OnnxEngineException(ErrorKind.Usage, $"'{path}' is no checkpoint that can be read: {e.Message}.".Replace("..", ".", StringComparison.Ordinal), e);
        }
    }

    /// <summary>Writes it; a file that is there is replaced once the new one is whole.</summary>
    /// <exception cref="IOException">The folder is missing or full.</exception>
    public void Save(string path) => AtomicFile.Write(
        path,
        stream =>
        {
            using var w = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
            w.Write(Head);
            w.Write(Terms.Count);
            foreach (var (name, value) in Terms)
            {
                w.Write(name);
                w.Write(value);
            }
            w.Write(_state.Length);
            w.Write(_state);
        },
        overwrite: true);

    /// <summary>Takes a checkpoint.</summary>
    internal static FinetuneCheckpoint Of(IReadOnlyDictionary<string, string> terms, TrainingState state, TrainingSession session, UpdateRule rule)
    {
        using var bytes = new MemoryStream();
        using var w = new BinaryWriter(bytes);
        w.Write(state.Step);
        w.Write(state.Seconds);
        w.Write(state.LossSum);
        w.Write(state.Losses);
        w.Write(state.Worse);
        w.Write(state.BestStep);
        w.Write(state.Curve.Count);
        foreach (var point in state.Curve)
        {
            w.Write(point.Step);
            w.Write(point.Training);
            w.Write(point.Validation);
            w.Write(point.Top1 ?? double.NaN);
            w.Write(point.Metric?.Name ?? "");
            if (point.Metric is not { } metric) continue;
            w.Write(metric.Value);
            w.Write(metric.IsFraction);
            w.Write(metric.IsHigherBetter);
        }
        Write(w, session.Snapshot());
        Write(w, state.Best);
        Write(w, state.Average ?? []);
        var memory = rule.Memories;
        w.Write(memory.Count);
        foreach (var (tensor, arrays) in memory)
        {
            w.Write(tensor);
            Write(w, arrays);
        }
        w.Flush();
        return new FinetuneCheckpoint(terms, bytes.ToArray());
    }

    /// <summary>Puts a training back to where it was.</summary>
    /// <param name="terms">What determines the training at hand.</param>
    /// <param name="session">Gets the weights.</param>
    /// <param name="rule">Gets what it remembered.</param>
    /// <exception cref="OnnxEngineException">The checkpoint is of another training (<see cref="ErrorKind.Usage"/>).</exception>
    internal TrainingState Restore(IReadOnlyDictionary<string, string> terms, TrainingSession session, UpdateRule rule)
    {
        foreach (var (name, value) in terms)
            if (Terms.GetValueOrDefault(name) is var other && other != value)
                throw new OnnxEngineException(ErrorKind.Usage, $"The checkpoint is of another training: its {name} is {other ?? "not known"}, here it is {value}. Give the model, data and options that it was written with.");
        using var r = new BinaryReader(new MemoryStream(_state));
        var state = new TrainingState
        {
            Step = r.ReadInt32(),
            Seconds = r.ReadDouble(),
            LossSum = r.ReadDouble(),
            Losses = r.ReadInt32(),
            Worse = r.ReadInt32(),
            BestStep = r.ReadInt32(),
        };
        for (var left = r.ReadInt32(); left > 0; left--)
        {
            var (step, training, validation, top1) = (r.ReadInt32(), r.ReadDouble(), r.ReadDouble(), r.ReadDouble());
            var metric = r.ReadString() is { Length: > 0 } name ? new MetricValue(name, r.ReadDouble()) { IsFraction = r.ReadBoolean(), IsHigherBetter = r.ReadBoolean() } : null;
            state.Curve.Add(new LossPoint(step, training, validation, double.IsNaN(top1) ? null : top1) { Metric = metric });
        }
        session.Restore(Arrays(r));
        state.Best = Arrays(r);
        state.Average = Arrays(r) is { Length: > 0 } average ? average : null;
        Dictionary<int, float[][]> memory = [];
        for (var left = r.ReadInt32(); left > 0; left--) memory[r.ReadInt32()] = Arrays(r);
        rule.Resume(state.Step, memory);
        return state;
    }

    static void Write(BinaryWriter w, float[][] arrays)
    {
        w.Write(arrays.Length);
        foreach (var array in arrays)
        {
            w.Write(array.Length);
            w.Write(MemoryMarshal.AsBytes(array.AsSpan()));
        }
    }

    static float[][] Arrays(BinaryReader r)
    {
        var arrays = new float[r.ReadInt32()][];
        for (var i = 0; i < arrays.Length; i++)
        {
            arrays[i] = new float[r.ReadInt32()];
            r.BaseStream.ReadExactly(MemoryMarshal.AsBytes(arrays[i].AsSpan()));
        }
        return arrays;
    }
}
