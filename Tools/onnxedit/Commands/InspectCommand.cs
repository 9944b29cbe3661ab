using System.CommandLine;
using OnnxEdit.Engine.Alignment;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Channels;
using OnnxEdit.Surgery.Graph;
using OnnxEdit.Surgery.Model;

namespace OnnxEdit.Cli;

/// <summary>Says what is in a model file.</summary>
sealed class InspectCommand : CliCommand
{
    readonly Argument<string> _model = new("model") { Description = "The ONNX file" };
    readonly Option<string[]> _shapes = InputShapeOption.Create();
    readonly Option<bool> _alignment = new("--alignment") { Description = "Also show which channel counts are fast on this machine; measured once" };

    internal InspectCommand() : base(
        "inspect",
        "Says what is in a model: inputs and outputs, parameters, multiply-accumulates, operators, and the edits it has been through.",
        "onnxedit inspect model.onnx",
        "onnxedit inspect model.onnx --json")
    {
        Arguments.Add(_model);
        Options.Add(_shapes);
        Options.Add(_alignment);
    }

    internal override void Execute(CommandContext context)
    {
        var model = context.Load(context.Get(_model)!);
        var shapes = InputShapeOption.Complete(context, _shapes, model);
        var facts = context.Output.Track(_ => ModelFacts.Of(model, Trace(context, model, shapes)) with { Channels = Channels(model, shapes) });
        var alignment = context.Get(_alignment) ? AlignmentTable.Load(context.Cancellation) : null;
        if (context.Global.Json)
        {
            context.Output.Json("inspect", 1, facts with { Alignment = alignment is null ? null : AlignmentReport.Fields(alignment) });
            return;
        }

        ModelReport.Write(context.Output, facts);
        if (alignment is not null) AlignmentReport.Write(context.Output, alignment);
    }

    /// <summary>Shapes of all tensors, for counting; null when the model cannot be run as it is, which the reader is told.</summary>
    static ShapeTrace? Trace(CommandContext context, OnnxModel model, IReadOnlyDictionary<string, long[]> shapes)
    {
        try
        {
            return ShapeTrace.Run(model.Proto, shapes);
        }
        catch (OnnxSurgeryException cause)
        {
            context.Output.Warn($"MACs are not counted: {cause.Message}");
            return null;
        }
    }

    /// <summary>A count of the channel groups; null when the model cannot be run as it is.</summary>
    static ModelFacts.ChannelGroupFacts? Channels(OnnxModel model, IReadOnlyDictionary<string, long[]> shapes)
    {
        try
        {
            var groups = ChannelFacts.Of(model.Path, ChannelAnalysis.Of(NormalisedModel.Create(model.Proto, shapes))).Groups;
            return new(groups.Count(group => group.Prunable > 0), groups.Count(group => group.Prunable == 0), groups.Sum(group => group.Prunable));
        }
        catch (OnnxSurgeryException)
        {
            return null;
        }
    }
}
