using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Pixels;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery.Model;
using DataType = OnnxEdit.Surgery.Proto.TensorProto.Types.DataType;

namespace OnnxEdit.Engine.Tasks.Dense;

/// <summary>What a map of pixels holds.</summary>
enum DenseForm
{
    /// <summary>A score per class.</summary>
    Scores,

    /// <summary>The class itself.</summary>
    Classes,

    /// <summary>The probability of the second of two classes.</summary>
    Probability,

    /// <summary>Numbers: depth, a picture. Above 0 is the second of two classes, where labels are masks.</summary>
    Numbers,
}

/// <summary>The output of a model that answers with a map over the pixels of a picture.</summary>
/// <param name="Output">The output.</param>
/// <param name="Form">What it holds.</param>
/// <param name="ChannelAxis">Where its channels stand, without the batch axis: 0 or 2; null: it has none.</param>
/// <param name="Channels">Number of channels; -1: two or more, as the first answer shows.</param>
/// <param name="IsSure">Whether its shape alone says so.</param>
sealed record DenseHead(DeclaredTensor Output, DenseForm Form, int? ChannelAxis, int Channels, bool IsSure)
{
    // Of scores for coarser maps than this, or of fewer pixels a side, features that go on to somewhere else are as likely.
    const int CoarsestSure = 8, FewestSure = 16;

    /// <summary>Finds it.</summary>
    /// <param name="subject">The model.</param>
    /// <param name="why">Why there is none, as half a sentence that follows "it".</param>
    public static DenseHead? Find(TaskSubject subject, out string why)
    {
        why = "takes no picture ([items, channels, height, width])";
        if (subject.Inputs.FirstOrDefault(input => input.Shape.Count == 4 && (input.IsFloat || input.Type == DataType.Uint8)) is not { } picture) return null;
        why = $"returns no map whose height and width are those of its pictures '{picture.Name}' {picture}";
        DenseHead[] found = [.. (subject.Named is { } named ? [named] : subject.Outputs).Select(output => Of(subject.Index, picture, output)).OfType<DenseHead>()];
        if (found.Length == 0) return null;
        // Several maps of one kind are the same at several depths of the network, the first of them the final one.
        if (found.Skip(1).Any(head => head.Output.ToString() != found[0].Output.ToString()))
        {
            why = $"returns several maps ({string.Join(", ", found.Select(head => $"'{head.Output.Name}' {head.Output}"))}); name one with EvaluationOptions.Output";
            return null;
        }
        why = "";
        return found[0] with { IsSure = found[0].IsSure && found.Length == subject.Outputs.Count || subject.Named is not null };
    }

    static DenseHead? Of(GraphIndex index, DeclaredTensor picture, DeclaredTensor output)
    {
        var isNhwc = InputGeometry.FromShape([.. picture.Shape.Skip(1).Select(extent => (int)extent)]).Layout == PixelLayout.Nhwc;
        var isWhole = output.Type is DataType.Int64 or DataType.Int32 or DataType.Uint8 or DataType.Int8;
        if (!output.IsFloat && !isWhole || output.Shape.Count is not (3 or 4)) return null;
        // As the picture lies first: 64 x 64 pixels of 64 channels lie either way.
        foreach (var channel in output.Shape.Count == 3 ? [null] : isNhwc ? (int?[])[3, 1] : [1, 3])
        {
            var channels = channel is { } axis ? output.Shape[axis] : 1;
            if (isWhole && channels != 1) continue;
            int[] rows = isNhwc ? [1, channel == 1 ? 2 : 1] : [2, channel == 3 || channel is null ? 1 : 2];
            if (DenseScale.Of(picture, rows[0], output, rows[1]) is not { } scale || scale.Times > 1 && channels is not (1 or 3) || channels < 0 && !scale.IsKnown) continue;
            var made = Maker(index, output.Name);
            // What is as the picture is in size and channels is likelier another picture than classes.
            var isPicture = scale.Times > 1 || channels > 0 && channels == picture.Shape[isNhwc ? 3 : 1] && scale.Share == 1 && made is not ("Softmax" or "LogSoftmax");
            var form = isWhole ? DenseForm.Classes
                : channels == 1 ? made == "Sigmoid" && scale.Times == 1 ? DenseForm.Probability : DenseForm.Numbers
                : isPicture ? DenseForm.Numbers : DenseForm.Scores;
            var isSure = form switch
            {
                DenseForm.Probability => true,
                DenseForm.Numbers when channels > 1 => scale.Times > 1,
                DenseForm.Scores => scale.IsKnown && scale.Share <= CoarsestSure && scale.Pixels is < 0 or >= FewestSure && made is not ("Relu" or "LeakyRelu" or "Clip" or "MaxPool" or "AveragePool"),
                _ => scale.IsKnown,
            };
            return new DenseHead(output, form, channel - 1, (int)channels, isSure);
        }
        return null;
    }

    // The operator that decides what the values are, behind those that only move them.
    static string? Maker(GraphIndex index, string name)
    {
        var node = index.Producer(name);
        while (node is { OpType: "Identity" or "Cast" or "Transpose" or "Squeeze" or "Unsqueeze" or "Reshape" or "Resize" or "Upsample" }) node = index.Producer(node.Input[0]);
        return node?.OpType;
    }
}
