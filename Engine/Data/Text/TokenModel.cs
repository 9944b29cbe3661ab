namespace OnnxEdit.Engine.Data.Text;

/// <summary>Splits a normalised text into tokens of a vocabulary.</summary>
abstract class TokenModel
{
    /// <summary>Its name, for the reader.</summary>
    public abstract string Name { get; }

    /// <summary>Adds the ids of a text's tokens.</summary>
    /// <param name="text">A normalised text, or the part of one between tokens that stand for themselves.</param>
    /// <param name="ids">Where the ids go.</param>
    public abstract void Append(string text, List<int> ids);
}
