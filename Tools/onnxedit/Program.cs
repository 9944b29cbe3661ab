using OnnxEdit.Cli;

return await CommandLineApp.RunAsync(args);
