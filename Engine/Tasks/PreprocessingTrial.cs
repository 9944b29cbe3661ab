using OnnxEdit.Engine.Data.Pixels;

namespace OnnxEdit.Engine.Tasks;

/// <summary>A normalisation and how well the model does with it.</summary>
/// <param name="Name">Short name of the normalisation.</param>
/// <param name="Preprocessing">The normalisation itself.</param>
/// <param name="Evaluation">The model's accuracy with it.</param>
sealed record PreprocessingTrial(string Name, Preprocessing Preprocessing, Evaluation Evaluation);
