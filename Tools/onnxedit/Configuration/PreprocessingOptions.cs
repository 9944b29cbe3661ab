using System.CommandLine;
using OnnxEdit.Engine.Data.Pixels;

namespace OnnxEdit.Cli;

/// <summary>The options that say how pixels become model inputs.</summary>
sealed class PreprocessingOptions
{
    readonly Option<float[]?> _mean = Numbers.Floats("--mean", "Mean of the pixels on the 0-1 scale, one value or one per channel");
    readonly Option<float[]?> _std = Numbers.Floats("--std", "Standard deviation of the pixels, likewise");
    readonly Option<float?> _scale = Numbers.OptionalFraction("--scale", "Factor on pixel values 0-255 before mean and std [default: 1/255]");
    readonly Option<bool> _bgr = new("--bgr") { Description = "The model wants blue first" };
    readonly WordOption<PixelLayout> _layout = new("--layout", null, "Where the model's channel axis stands, if its input shape leaves that open");
    readonly Option<string?> _resize = new("--resize")
    {
        Description = "Fit images to HEIGHTxWIDTH, the shorter edge to EDGE, then crop (EDGE:CROP), or the whole picture with black around (pad:HEIGHTxWIDTH)",
        HelpName = "SIZE",
    };

    readonly Option<string?> _file = new("--preprocess")
    {
        Description = "Take all this from a preprocessor_config.json (Hugging Face) or config.json (timm)",
        HelpName = "FILE",
    };

    internal void AddTo(Command command)
    {
        foreach (var option in new Option[] { _mean, _std, _scale, _bgr, _layout, _resize, _file })
            command.Options.Add(option);
    }

    /// <summary>Each option that is given replaces that part of the file or of the configuration; null: nothing is known.</summary>
    internal Preprocessing? Resolve(CommandContext context, ProjectConfig? config)
    {
        var start = context.Get(_file) is { } file ? Preprocessing.FromHuggingFaceJson(file) : config?.Preprocessing();
        var (mean, std, scale, layout, resize) = (context.GetList(_mean), context.GetList(_std), context.Get(_scale), context.Get(_layout), context.Get(_resize));
        var isBgr = context.Get(_bgr);
        if (start is null && mean is null && std is null && scale is null && layout is null && resize is null && !isBgr)
            return null;
        start ??= new Preprocessing();
        var result = start with
        {
            Mean = mean ?? start.Mean,
            Std = std ?? start.Std,
            Scale = scale ?? start.Scale,
            Bgr = isBgr || start.Bgr,
            Layout = layout ?? start.Layout,
            Resize = resize is null ? start.Resize : ImageResize.Parse(resize),
        };
        // A scale of its own is a choice too: 0..1 or 0..255 without further normalisation.
        return scale is not null && !result.IsNormalised ? result with { Mean = [0], Std = [1] } : result;
    }
}
