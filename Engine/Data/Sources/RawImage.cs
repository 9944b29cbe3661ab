namespace OnnxEdit.Engine.Data.Sources;

/// <summary>A decoded image: height * width pixels row by row, the channels of a pixel together (red first).</summary>
readonly record struct RawImage(byte[] Pixels, int Height, int Width, int Channels);
