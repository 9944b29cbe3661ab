using OnnxEdit.Engine.Data.Sources;
using OnnxEdit.Engine.Data.Targets;

namespace OnnxEdit.Engine.Data.Pixels;

/// <summary>Brings masks to the size that the model takes, by the steps that their pictures go through, each pixel the nearest one.</summary>
sealed class MaskFitter(InputGeometry input, ImageResize? resize)
{
    readonly ImageFitter _fitter = new(InputGeometry.FromShape([input.Height, input.Width]), resize is null ? null : resize with { Filter = Resampling.Nearest });

    /// <param name="mask">A mask in the size of its picture.</param>
    /// <param name="name">What to call it in an error.</param>
    public MaskTarget Fit(MaskTarget mask, string name)
    {
        // What is put around a picture is 0. Classes are moved up by one for that long, so that it becomes what counts for nothing.
        var fitted = _fitter.Fit(new RawImage(Array.ConvertAll(mask.Classes, c => (byte)(c + 1)), mask.Height, mask.Width, 1), name);
        return new MaskTarget(fitted.Width, fitted.Height, Array.ConvertAll(fitted.Pixels, c => (byte)(c - 1)));
    }
}
