namespace OnnxEdit.Engine.Refit;

/// <summary>Elimination of input channels of one linear unit, whose other weights take over what they can.</summary>
interface IElimination
{
    /// <summary>So many looks over all channels are worth their time; the more there are the better the order.</summary>
    int Looks { get; }

    /// <summary>Relative error added by removing a channel now.</summary>
    double Increase(int channel);

    /// <summary>Removes channels one after the other.</summary>
    /// <returns>The relative error that each adds after those before it.</returns>
    double[] Remove(IReadOnlyList<int> channels);
}
