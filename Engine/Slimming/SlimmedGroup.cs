namespace OnnxEdit.Engine.Slimming;

/// <summary>How many channels of a group are left.</summary>
/// <param name="Name">The group's name.</param>
/// <param name="Before">Channels before.</param>
/// <param name="After">Channels after.</param>
public sealed record SlimmedGroup(string Name, int Before, int After);
