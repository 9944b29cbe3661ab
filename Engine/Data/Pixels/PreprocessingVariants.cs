namespace OnnxEdit.Engine.Data.Pixels;

/// <summary>The normalisations that published classifiers were trained with.</summary>
internal static class PreprocessingVariants
{
    internal static IReadOnlyList<(string Name, Preprocessing Preprocessing)> For(int channels)
    {
        if (channels != 3)
            return [.. Usual(), ("mnist", Normalised([0.1307f], [0.3081f])), ("fashion-mnist", Normalised([0.286f], [0.353f])), .. Rare()];

        float[] imageNet = [0.485f, 0.456f, 0.406f], cifar10 = [0.4914f, 0.4822f, 0.4465f];
        (string Name, Preprocessing Preprocessing)[] rgb =
        [
            ("imagenet", Normalised(imageNet, [0.229f, 0.224f, 0.225f])),
            ("cifar10", Normalised(cifar10, [0.2471f, 0.2435f, 0.2616f])),
            .. Usual(),
            ("clip", Normalised([0.48145466f, 0.4578275f, 0.40821073f], [0.26862954f, 0.26130258f, 0.27577711f])),
            // Caffe's own mean picture, and the same with the factor 0.017 of its MobileNet and DenseNet.
            ("caffe", Bytes([123.68f, 116.779f, 103.939f], [1])),
            ("cifar10 .2023", Normalised(cifar10, [0.2023f, 0.1994f, 0.2010f])),
            ("cifar10 .2009", Normalised(cifar10, [0.2009f])),
            ("imagenet .225", Normalised(imageNet, [0.225f])),
            ("cifar100", Normalised([0.5071f, 0.4867f, 0.4408f], [0.2675f, 0.2565f, 0.2761f])),
            ("caffe .017", Bytes([123.68f, 116.78f, 103.94f], [58.8f])),
            .. Rare(),
        ];
        return [.. rgb, .. rgb.Select(variant => (variant.Name + ", bgr", BlueFirst(variant.Preprocessing)))];
    }

    // -1..1 is also how SigLIP, Inception and MobileNet of TensorFlow read pixels: (x - 127.5) / 127.5.
    static (string Name, Preprocessing Preprocessing)[] Usual() => [("-1..1", Normalised([0.5f], [0.5f])), ("0..1", Normalised([0], [1])), ("0..255", Preprocessing.Raw)];

    static (string Name, Preprocessing Preprocessing)[] Rare() => [("(x-127)/128", Bytes([127], [128])), ("x-128", Bytes([128], [1]))];

    static Preprocessing Normalised(float[] mean, float[] std) => new() { Mean = mean, Std = std };

    static Preprocessing Bytes(float[] mean, float[] std) => new() { Scale = 1, Mean = mean, Std = std };

    /// <summary>The same statistics for a model that wants blue first: they are listed in the model's channel order.</summary>
    static Preprocessing BlueFirst(Preprocessing rgb) =>
        rgb with { Bgr = true, Mean = [.. rgb.Mean!.Reverse()], Std = [.. rgb.Std!.Reverse()] };
}
