namespace OnnxEdit.Engine.Alignment;

/// <summary>A measurement: layers of one kind with as many output as input channels.</summary>
/// <param name="Kind">The kind of layer.</param>
/// <param name="Channels">Channel count.</param>
/// <param name="Milliseconds">Fastest run of a chain of such layers.</param>
sealed record AlignmentRow(AlignmentKind Kind, int Channels, double Milliseconds);
