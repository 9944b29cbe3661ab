using System.CommandLine;
using OnnxEdit.Engine.Data.Text;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Engine.Tasks.Sequences;

namespace OnnxEdit.Cli;

/// <summary>The options that say what a model is for, and how files of texts are read for it.</summary>
sealed class ModelTaskOptions
{
    readonly Option<string?> _task = Numbers.OptionalOneOf("--task", ModelTasks.Table, "What the outputs mean, where model and data do not tell");
    readonly Option<string?> _pool = Numbers.OptionalOneOf("--pool", Pooling.Names, "How a vector per token becomes one per item: mean is under the attention mask and the default for these");

    readonly Option<string?> _columns = new("--columns")
    {
        Description = "What the columns of a file of texts hold, e.g. text,text,score or label,text; - for what is left out",
        HelpName = "ROLE,...",
    };

    readonly Option<string?> _tokenizer = new("--tokenizer") { Description = "vocab.txt or tokenizer.json of the model [default: the one beside it]", HelpName = "FILE" };

    readonly Option<string?> _alphabet = new("--alphabet") { Description = "Characters or tags that the outputs stand for, one per line [default: the list beside the model]", HelpName = "FILE" };

    internal void AddTo(Command command)
    {
        foreach (var option in new Option[] { _task, _pool, _columns, _tokenizer, _alphabet }) command.Options.Add(option);
    }

    /// <summary>The model with what the command line says, else what the configuration does.</summary>
    internal ModelAndData Resolve(CommandContext context, ProjectConfig? config, ModelAndData inputs) => inputs with
    {
        Task = context.Get(_task) ?? config?.Task,
        Pooling = context.Get(_pool) ?? config?.Pooling,
        Columns = context.Get(_columns)?.Split(',', StringSplitOptions.TrimEntries) ?? config?.Columns,
        Alphabet = context.Get(_alphabet) ?? config?.Locate(config.Alphabet) ?? SymbolList.Beside(inputs.Path),
        Tokenizer = context.Get(_tokenizer) ?? config?.Locate(config.Tokenizer) ?? TextTokenizer.Beside(inputs.Path),
    };
}
