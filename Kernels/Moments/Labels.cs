namespace OnnxEdit.Kernels.Moments;

/// <summary>Checks class labels.</summary>
static class Labels
{
    internal static void Require(ReadOnlySpan<int> labels, int classes)
    {
        for (var i = 0; i < labels.Length; i++)
            if (labels[i] < -1 || labels[i] >= classes)
                throw new OnnxKernelException(
                    $"Label of image {i} is {labels[i]}, outside 0..{classes - 1}; map the data's labels to the model's outputs, or use -1 to leave an image out.");
    }
}
