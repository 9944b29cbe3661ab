using System.CommandLine;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>Says what is in a model file.</summary>
sealed class InspectCommand : CliCommand
{
    readonly Argument<string> _model = new("model") { Description = "The ONNX file" };
    readonly Option<string[]> _shapes = InputShapeOption.Create();

    internal InspectCommand() : base(
        "inspect",
        "Says what is in a model: inputs and outputs, parameters, multiply-accumulates, operators, and the edits it has been through.",
        "onnxedit inspect model.onnx",
        "onnxedit inspect model.onnx --json")
    {
        Arguments.Add(_model);
        Options.Add(_shapes);
    }

    internal override void Execute(CommandContext context)
    {
        var model = OnnxModel.Load(context.Get(_model)!);
        var shapes = InputShapeOption.Parse(context.Get(_shapes));
        var facts = ModelFacts.Of(model, Trace(context, model, shapes));
        if (context.Global.Json)
            context.Output.Json("inspect", 1, facts);
        else
            ModelReport.Write(context.Output, facts);
    }

    /// <summary>Shapes of all tensors, for counting; null when the model cannot be run as it is, which the reader is told.</summary>
    static ShapeTrace? Trace(CommandContext context, OnnxModel model, Dictionary<string, long[]> shapes)
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
}
