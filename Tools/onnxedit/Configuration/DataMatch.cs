using System.Globalization;
using OnnxEdit.Engine;
using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Tasks;
using OnnxEdit.Surgery;

namespace OnnxEdit.Cli;

/// <summary>Settles, by looking at the data, what was left open about it: which output holds the scores, and which label is which class.</summary>
static class DataMatch
{
    /// <summary>Items that are looked at for labels.</summary>
    const int Items = 2000;

    /// <summary>Chooses among outputs that could be class scores the one as wide as the data has classes, and says so.</summary>
    /// <exception cref="OnnxEngineException">None or several fit (<see cref="ErrorKind.Usage"/>).</exception>
    internal static ModelAndData Output(ModelAndData inputs, CliOutput output)
    {
        if (inputs.Output is not null || !inputs.HasData || !ClassifierOutput.IsOpen(inputs.Model.Proto)) return inputs;
        var data = ModelData.Open(inputs.DataOptions(testOnly: true) with { Outputs = null }, inputs.Signature.Inputs);
        if (data.Test is not { IsLabelled: true } items) return inputs;
        var classes = data.ClassNames?.Count ?? 1 + Enumerable.Range(0, items.Count).Max(items.Label);
        var name = ClassifierOutput.Fitting(inputs.Model.Proto, classes);
        output.Note($"output '{name}' is taken for the class scores: it is as wide as the data has classes ({classes}); --output names another");
        return inputs with { Output = name };
    }

    /// <summary>Finds which label is which class by the model's predictions, and says so.</summary>
    /// <exception cref="OnnxEngineException">They do not tell clearly (<see cref="ErrorKind.Data"/>).</exception>
    internal static ModelAndData Labels(ModelAndData inputs, CliOutput output, CancellationToken cancellation)
    {
        if (!inputs.HasData) throw new OnnxEngineException(ErrorKind.Usage, "--labels auto looks at data, and none is given; name it with --data.");
        inputs.RequireMeasurable();
        var data = ModelData.Open(inputs.DataOptions(testOnly: true, Items) with { Outputs = null }, inputs.Signature.Inputs);
        if (data.Test is not { IsLabelled: true } items) throw new OnnxEngineException(ErrorKind.Data, "--labels auto looks at labels, and the data has none; leave it out.");
        var (labels, predicted, classes) = Predictions(inputs, items, cancellation);
        var agreement = LabelAgreement.Of(labels, predicted, classes);
        if (agreement.Mapping is { } mapping)
        {
            output.Note(string.Create(CultureInfo.InvariantCulture, $"labels: {agreement.MappingText()}, with which the model is right on {100 * agreement.MappedAccuracy:0.0} % of {agreement.Items:N0} items, as they are on {100 * agreement.Accuracy:0.0} %"));
            return inputs with { Labels = mapping };
        }
        if (agreement.Doubt() is { } doubt) throw new OnnxEngineException(ErrorKind.Data, $"Predictions do not tell which label is which class: {doubt}.");
        output.Note(string.Create(CultureInfo.InvariantCulture, $"labels: as they are, with which the model is right on {100 * agreement.Accuracy:0.0} % of {agreement.Items:N0} items"));
        return inputs;
    }

    /// <summary>Refuses labels that the model's predictions do not bear out, for verbs that edit by them or collect what edits learn from.</summary>
    /// <param name="inputs">The model, and whether labels are to be believed all the same.</param>
    /// <param name="items">What is labelled; null: nothing is.</param>
    /// <param name="mayGuess">Accept a model that only guesses.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <exception cref="OnnxEngineException">The labels are in doubt (<see cref="ErrorKind.Data"/>).</exception>
    internal static void Require(ModelAndData inputs, ItemSet? items, CancellationToken cancellation, bool mayGuess = false)
    {
        if (!inputs.ForceLabels) Agreement(inputs, items, cancellation)?.Require(inputs.Labels, mayGuess);
    }

    /// <summary>Says it where the model's predictions do not bear out the labels that something is measured by.</summary>
    internal static void Warn(ModelAndData inputs, ItemSet? items, CommandContext context)
    {
        if (!inputs.ForceLabels) Warn(inputs, Agreement(inputs, items, context.Cancellation), context);
    }

    /// <summary>The same where predictions were compared already.</summary>
    internal static void Warn(ModelAndData inputs, LabelAgreement? agreement, CommandContext context)
    {
        if (agreement?.Doubt(inputs.Labels) is { } doubt) context.Output.Warn($"The labels may not be the model's classes: {OptionWords.In(doubt)}.");
    }

    // Evenly spaced: folders of images are read class by class.
    static LabelAgreement? Agreement(ModelAndData inputs, ItemSet? items, CancellationToken cancellation)
    {
        if (items is not { IsLabelled: true } || inputs.Signature.Classifier is null) return null;
        var step = Math.Max(1, items.Count / Items);
        var (labels, predicted, classes) = Predictions(inputs, items.Select([.. Enumerable.Range(0, items.Count).Where(i => i % step == 0)]), cancellation);
        return LabelAgreement.Of(labels, predicted, classes);
    }

    // Labels that are no class of the model are to be seen, too.
    static (int[] Labels, int[] Predicted, int Classes) Predictions(ModelAndData inputs, ItemSet items, CancellationToken cancellation)
    {
        int[] labelled = [.. Enumerable.Range(0, items.Count).Where(i => items.Label(i) >= 0)];
        var predicted = new int[labelled.Length];
        using var session = new ClassifierSession(inputs.Model, inputs.Output);
        session.Run(items.Select(labelled), (first, count, logits) =>
        {
            for (var i = 0; i < count; i++)
                predicted[first + i] = System.Numerics.Tensors.TensorPrimitives.IndexOfMax(logits.Slice(i * session.Classes, session.Classes));
        }, null, cancellation);
        return ([.. labelled.Select(items.Label)], predicted, session.Classes);
    }
}
