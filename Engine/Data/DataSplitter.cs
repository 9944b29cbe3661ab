namespace OnnxEdit.Engine;

/// <summary>Shares data out into calibration, validation and test items.</summary>
internal static class DataSplitter
{
    internal static ModelData Split(DataOptions options, InputGeometry input) =>
        throw new OnnxEngineException(ErrorKind.Data, $"'{options.Path}' is in no known format.");
}
