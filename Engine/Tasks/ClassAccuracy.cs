namespace OnnxEdit.Engine.Tasks;

/// <summary>Accuracy on the images of one class.</summary>
/// <param name="Class">Index of the model's output.</param>
/// <param name="Count">Number of images with this label.</param>
/// <param name="Correct">How many of them are classified correctly.</param>
public sealed record ClassAccuracy(int Class, int Count, int Correct)
{
    /// <summary>Fraction classified correctly; NaN without images.</summary>
    public double Accuracy => Count == 0 ? double.NaN : (double)Correct / Count;
}
