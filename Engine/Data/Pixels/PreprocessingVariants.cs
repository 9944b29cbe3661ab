namespace OnnxEdit.Engine.Data.Pixels;

/// <summary>The normalisations that published classifiers were trained with.</summary>
internal static class PreprocessingVariants
{
    internal static IReadOnlyList<(string Name, Preprocessing Preprocessing)> For(int channels)
    {
        if (channels != 3)
            return [.. Common(), ("mnist", Normalised([0.1307f], [0.3081f]))];

        float[] imageNet = [0.485f, 0.456f, 0.406f], cifar10 = [0.4914f, 0.4822f, 0.4465f];
        (string Name, Preprocessing Preprocessing)[] rgb =
        [
            ("imagenet", Normalised(imageNet, [0.229f, 0.224f, 0.225f])),
            ("cifar10", Normalised(cifar10, [0.2471f, 0.2435f, 0.2616f])),
            ("cifar10 .2023", Normalised(cifar10, [0.2023f, 0.1994f, 0.2010f])),
            ("cifar10 .2009", Normalised(cifar10, [0.2009f])),
            ("imagenet .225", Normalised(imageNet, [0.225f])),
            ("cifar100", Normalised([0.5071f, 0.4867f, 0.4408f], [0.2675f, 0.2565f, 0.2761f])),
            .. Common(),
        ];
        return [.. rgb, .. rgb.Select(variant => (variant.Name + ", bgr", BlueFirst(variant.Preprocessing)))];
    }

    static (string Name, Preprocessing Preprocessing)[] Common() =>
    [
        ("0..1", Normalised([0], [1])),
        ("-1..1", Normalised([0.5f], [0.5f])),
        ("0..255", Preprocessing.Raw),
    ];

    static Preprocessing Normalised(float[] mean, float[] std) => new() { Mean = mean, Std = std };

    /// <summary>The same statistics for a model that wants blue first: they are listed in the model's channel order.</summary>
    static Preprocessing BlueFirst(Preprocessing rgb) =>
        rgb with { Bgr = true, Mean = [.. rgb.Mean!.Reverse()], Std = [.. rgb.Std!.Reverse()] };
}
