namespace OnnxEdit.Engine.Attribution;

/// <summary>What an answer is where it is not of a class.</summary>
/// <param name="Task">Name of the task.</param>
/// <param name="Word">What it is, in a word, e.g. "similarity".</param>
/// <param name="Said">What it is, in words that follow "answer:".</param>
sealed record ExplainedAnswer(string Task, string Word, string Said);
