using System.CommandLine;
using System.Diagnostics;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Editing;
using OnnxEdit.Engine.Editing.Editors;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>Corrects single predictions.</summary>
sealed class EditCommand : CliCommand
{
    readonly ModelAndDataOptions _inputs = new(hasCalibration: true, defaultCalibration: 4000);
    readonly Option<string?> _image = new("--image") { Description = "The image: a file (png, jpg, bmp, webp, npy), or test:N, train:N for an item of the data", HelpName = "IMAGE" };
    readonly Option<string?> _label = new("--label") { Description = "The class it shall have, by number or name", HelpName = "CLASS" };
    readonly Option<string?> _edits = new("--edits") { Description = "Many at once: a file with lines IMAGE,LABEL", HelpName = "FILE" };
    readonly Option<bool> _oneByOne = new("--one-by-one") { Description = "With --edits: make each alone, from the model as it is, and print statistics; writes no model" };
    readonly Option<string> _editor = Numbers.OneOf("--editor", ImageEditors.Table, new EditOptions().Editor, "");
    readonly Option<string?> _layers = new("--layers") { Description = "Gradient editors: all, last, extra (a layer added before the last), or parts of names of nodes whose weights may change, e.g. chain:layer3 or layer3 [default: all]", HelpName = "LAYERS" };
    readonly Option<double?> _stepSize = Numbers.OptionalReal("--step-size", Bounds.Above(0).UpTo(1e6), "Gradient editors: step size [default: chosen for each item, so that the first step takes a quarter of the gap away]");
    readonly Option<bool> _exact = new("--exact") { Description = "patch: only the item itself shall follow, not mirrored and shifted views of it" };
    readonly Option<string?> _out = new("--out", "-o") { Description = "Where to write [default: NAME.edit.onnx beside the model]", HelpName = "FILE" };

    internal EditCommand() : base(
        "edit",
        "Corrects predictions: gives items the labels they should have and leaves other answers as they are. Prints what else changed.",
        "onnxedit edit model.onnx --image x.png --label 3 --data cifar10 --mean .485,.456,.406 --std .229,.224,.225",
        "onnxedit edit model.onnx --edits mistakes.csv -o fixed.onnx",
        "onnxedit edit model.onnx --edits mistakes.csv --one-by-one --editor rmsprop --layers layer3")
    {
        _inputs.AddTo(this);
        foreach (var option in new Option[] { _image, _label, _edits, _oneByOne, _editor, _layers, _stepSize, _exact, _out }) Options.Add(option);
    }

    internal override void Execute(CommandContext context)
    {
        var inputs = _inputs.Resolve(context);
        inputs.RequireClassifier();
        var (image, label, list) = (context.Get(_image), context.Get(_label), context.Get(_edits));
        if ((list is null) == (image is null)) throw new OnnxEngineException(ErrorKind.Usage, "Name what to edit: --image IMAGE --label CLASS, or --edits FILE.");
        if (image is not null && label is null) throw new OnnxEngineException(ErrorKind.Usage, "Say which class the item shall have, with --label.");
        var isTrial = context.Get(_oneByOne);
        if (isTrial && list is null) throw new OnnxEngineException(ErrorKind.Usage, "--one-by-one makes statistics of many edits; give them with --edits FILE.");
        var editor = context.Get(_editor)!;
        if (ImageEditors.Table.Of(editor).Steps is null && (context.Get(_layers) is not null || context.Get(_stepSize) is not null))
            throw new OnnxEngineException(ErrorKind.Usage, $"--layers and --step-size belong to gradient editors; '{editor}' needs none.");
        var target = isTrial ? null : OutputTarget.Resolve(context.Get(_out), inputs, "edit", context.Global.Force);
        var data = inputs.HasData ? inputs.OpenData(context.Output) : null;
        DataMatch.Require(inputs, data?.Test ?? data?.Train, context.Cancellation);
        var names = new EditList(inputs, data);
        var requests = list is not null ? names.Read(list) : [names.One(image!, label!)];
        var options = new EditOptions
        {
            Editor = editor,
            StepSize = context.Get(_stepSize),
            Layers = context.Get(_layers),
            Views = !context.Get(_exact),
            Evaluation = inputs.Evaluation,
            Seed = context.Global.Seed,
        };
        var watch = Stopwatch.StartNew();
        if (isTrial)
        {
            if (data is null) throw new OnnxEngineException(ErrorKind.Usage, "Statistics need test items; give them with --data.");
            var statistics = context.Output.Track(progress => ModelEditor.Measure(inputs.Model, data, requests, options, progress, context.Cancellation));
            EditStatisticsTable.Write(context, statistics, data.ClassNames, watch.Elapsed.TotalSeconds);
            return;
        }
        var result = context.Output.Track(progress => ModelEditor.Edit(inputs.Model, data, requests, options, progress, context.Cancellation));
        var seconds = watch.Elapsed.TotalSeconds;
        context.Save(result.Model, target!, context.Cancellation);
        EditTable.Write(context, result.Report, data?.ClassNames, options, seconds, target!);
    }
}
