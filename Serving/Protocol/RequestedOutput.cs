namespace OnnxEdit.Serving;

/// <summary>An output that a request asks for.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsBinary">Whether it is sent as bytes after the JSON; null: as the request says for all.</param>
/// <param name="Classes">The so many highest scores with their classes instead of the tensor; 0: the tensor.</param>
sealed record RequestedOutput(string Name, bool? IsBinary = null, int Classes = 0);
