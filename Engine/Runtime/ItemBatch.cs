using Microsoft.ML.OnnxRuntime;
using OnnxEdit.Engine.Data;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Runtime;

/// <summary>
/// A batch of items for a session that takes the same tensors run after run: callers write whole items as <see cref="ItemSet.Fill"/>
/// does, and each input of the model reads its share of them in its own element type.
/// </summary>
sealed class ItemBatch : IDisposable
{
    readonly InputBuffer[] _buffers;
    readonly float[]? _joined;
    readonly int _rows;

    /// <summary>Makes room.</summary>
    /// <param name="inputs">Element type and shape of each input, the batch first and the same for all.</param>
    public ItemBatch(IReadOnlyList<(DataType Type, long[] Shape)> inputs)
    {
        _rows = (int)inputs[0].Shape[0];
        _buffers = AllOrNone.Make(inputs.Count, i => new InputBuffer(inputs[i].Type, inputs[i].Shape));
        if (_buffers.Length > 1) _joined = new float[_buffers.Sum(b => b.Values.Length)];
    }

    /// <summary>Where the items are put, one after the other; call <see cref="Commit"/> before running.</summary>
    public float[] Values => _joined ?? _buffers[0].Values;

    /// <summary>The tensors, in the order of the inputs.</summary>
    public IEnumerable<OrtValue> Inputs => _buffers.Select(b => b.Value);

    /// <summary>Reads items from a set. Rows beyond them repeat the last one: it is sure to be a value that the model can take.</summary>
    /// <param name="items">The set.</param>
    /// <param name="first">The first item.</param>
    /// <param name="count">Number of items, at least one.</param>
    public void Load(ItemSet items, int first, int count)
    {
        var length = items.ItemLength;
        items.Fill(first, count, Values);
        for (var row = count; row < _rows; row++) Values.AsSpan((count - 1) * length, length).CopyTo(Values.AsSpan(row * length));
    }

    /// <summary>Hands what was written to the tensors.</summary>
    public void Commit()
    {
        for (int i = 0, at = 0; i < _buffers.Length; i++)
        {
            if (_joined is not null)
            {
                var share = _buffers[i].Values.Length / _rows;
                ItemInputs.Share(_joined, _joined.Length / _rows, at, _buffers[i].Values, share);
                at += share;
            }
            _buffers[i].Commit();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var buffer in _buffers) buffer.Dispose();
    }
}
