using OnnxEdit.Engine.Tasks.Kinds;

namespace OnnxEdit.Engine.Reporting;

/// <summary>How good models that are no classifiers are, or how far their answers agree.</summary>
/// <param name="Before">The model before; null: there is none, or what was measured is agreement with it.</param>
/// <param name="After">The edited model; its agreement with the model before, where there are no labels.</param>
public sealed record TaskChange(TaskMeasurement? Before, TaskMeasurement After);
