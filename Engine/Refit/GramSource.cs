using OnnxEdit.Engine.Linear;
using OnnxEdit.Surgery.Channels;

namespace OnnxEdit.Engine.Refit;

/// <summary>Gram sums of each group of a consumer, with the tensor it feeds as target; null when there are none.</summary>
delegate GramSums[]? GramSource(ConsumerSlice slice, UnitTarget target, int number);
