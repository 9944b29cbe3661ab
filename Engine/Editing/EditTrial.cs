namespace OnnxEdit.Engine.Editing;

/// <summary>One edit made alone, from the model as given.</summary>
/// <param name="Name">The image.</param>
/// <param name="Label">The class it was to have.</param>
/// <param name="Before">Its class before.</param>
/// <param name="Outcome">How it came out.</param>
/// <param name="Drawdown">Points of top-1 lost on the test images, signed.</param>
/// <param name="Changed">Fraction of the test images that got another class.</param>
/// <param name="Generality">Fraction of the unseen views of the image that follow; null for what is no picture.</param>
/// <param name="Seconds">Time of the edit; for closed forms with the features known.</param>
sealed record EditTrial(string Name, int Label, int Before, EditOutcome Outcome, double Drawdown, double Changed, double? Generality, double Seconds);
