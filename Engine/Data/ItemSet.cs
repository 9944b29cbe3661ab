using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Data;

/// <summary>
/// A set of model-ready inputs, read by index. Items are decoded when they are asked for, so a set
/// of any size costs little memory; all members are safe to call from several threads.
/// </summary>
public abstract class ItemSet
{
    /// <summary>Number of items.</summary>
    public abstract int Count { get; }

    /// <summary>Shape of one item as the model wants it, without the batch axis, e.g. [3,32,32] or [32,32,3].</summary>
    public abstract IReadOnlyList<int> ItemShape { get; }

    /// <summary>Number of float32 values in one item: the product of <see cref="ItemShape"/>.</summary>
    public int ItemLength
    {
        get
        {
            var length = 1;
            foreach (var extent in ItemShape)
                length = checked(length * extent);
            return length;
        }
    }

    /// <summary>Whether at least one item has a label.</summary>
    public bool IsLabelled
    {
        get
        {
            for (var index = 0; index < Count; index++)
            {
                if (Label(index) >= 0)
                    return true;
            }

            return false;
        }
    }

    /// <summary>Whether the data says anything of at least one item: a class, or something else that a task is measured on.</summary>
    internal bool IsAnnotated => IsLabelled || Enumerable.Range(0, Count).Any(index => Target(index) is not null);

    /// <summary>The model output that item <paramref name="index"/> belongs to, or -1 when it is not labelled.</summary>
    public abstract int Label(int index);

    /// <summary>What the data says of item <paramref name="index"/> beyond a class; null: nothing.</summary>
    internal virtual ItemTarget? Target(int index) => null;

    /// <summary>Items that stay together wherever the set is divided: so many follow one another, e.g. 2 of pairs.</summary>
    internal virtual int Together => 1;

    /// <summary>
    /// Writes the items [start, start + count) one after the other into <paramref name="destination"/>
    /// (count * <see cref="ItemLength"/> values), in the model's layout and normalisation.
    /// </summary>
    /// <exception cref="OnnxEngineException">An item cannot be read or does not fit the model (<see cref="ErrorKind.Data"/>).</exception>
    public abstract void Fill(int start, int count, Span<float> destination);

    /// <summary>A view of the items at <paramref name="indices"/>, in that order; nothing is copied.</summary>
    public ItemSet Select(IReadOnlyList<int> indices) => new SelectedItemSet(this, indices);

    /// <summary>The same items as seen by each input of the model, in its order of inputs; one set, this one, for most models.</summary>
    internal virtual IReadOnlyList<ItemSet> Parts => [this];

    /// <summary>Whether reading an item is worth a task of its own (decoding an image file).</summary>
    internal virtual bool IsCostly => false;

    /// <summary>Checks the arguments of <see cref="Fill"/>.</summary>
    protected void CheckRange(int start, int count, ReadOnlySpan<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Count - count);
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, (long)count * ItemLength, nameof(destination));
    }
}
