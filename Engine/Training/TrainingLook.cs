using OnnxEdit.Engine.Tasks.Kinds;

namespace OnnxEdit.Engine.Training;

/// <summary>What a look at the validation items finds.</summary>
/// <param name="Loss">Mean loss; NaN where the model's answers are no numbers.</param>
/// <param name="Top1">Accuracy of a classifier, where the items have classes.</param>
/// <param name="Metric">The metric of any other task, or how far answers agree with the teacher's; without scores of items.</param>
readonly record struct TrainingLook(double Loss, double? Top1 = null, MetricValue? Metric = null);
