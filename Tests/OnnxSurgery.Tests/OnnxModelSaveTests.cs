using Google.Protobuf;
using OnnxEdit.Surgery;
using OnnxEdit.Surgery.Model;
using OnnxEdit.Surgery.Proto;
using Xunit;
using DataLocation = OnnxEdit.Surgery.Proto.TensorProto.Types.DataLocation;

namespace OnnxEdit.OnnxSurgery.Tests;

public sealed class OnnxModelSaveTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_saved_model_is_one_file_with_the_same_bytes_every_time()
    {
        var model = new OnnxModel(SmallModels.Classifier());
        model.Save(_folder["a.onnx"]);
        model.Save(_folder["b.onnx"]);
        Assert.Equal(["a.onnx", "b.onnx"], _folder.Files());
        Assert.Equal(model.Proto.ToByteArray(), File.ReadAllBytes(_folder["a.onnx"]));
        Assert.Equal(File.ReadAllBytes(_folder["a.onnx"]), File.ReadAllBytes(_folder["b.onnx"]));
    }

    [Fact]
    public void Metadata_versions_doc_strings_and_unknown_fields_survive()
    {
        var proto = SmallModels.Classifier();
        proto.DocString = "about";
        proto.Graph.Node[0].DocString = "a node";
        proto.ProducerVersion = "1.2";
        proto.MetadataProps.Add(new StringStringEntryProto { Key = "k", Value = "v" });
        proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.example", Version = 3 });
        // Field 200, length-delimited, "new": from a later version of the format.
        byte[] bytes = [.. proto.ToByteArray(), 0xC2, 0x0C, 3, .. "new"u8];
        var model = OnnxModel.Load(_folder.Write("m.onnx", bytes));
        model.Save(_folder["copy.onnx"]);
        Assert.Equal(bytes, File.ReadAllBytes(_folder["copy.onnx"]));
    }

    [Fact]
    public void An_existing_file_is_replaced_only_when_allowed()
    {
        var model = new OnnxModel(SmallModels.Classifier());
        var path = _folder.Write("m.onnx", [1, 2, 3]);
        Assert.Contains("already exists", Refusal(model, path));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        model.Save(path, overwrite: true);
        Assert.Equal(model.Proto.ToByteArray(), File.ReadAllBytes(path));
        Assert.Equal(["m.onnx"], _folder.Files());
    }

    [Fact]
    public void The_source_file_is_never_overwritten()
    {
        var bytes = SmallModels.Classifier().ToByteArray();
        var model = OnnxModel.Load(_folder.Write("m.onnx", bytes));
        Assert.Contains("never overwritten", Refusal(model, _folder["m.onnx"], overwrite: true));
        Assert.Contains("never overwritten", Refusal(model.With(SmallModels.Classifier(2)), _folder["./m.onnx"], overwrite: true));
        Assert.Equal(bytes, File.ReadAllBytes(_folder["m.onnx"]));
    }

    [Fact]
    public void The_source_file_is_recognised_through_links()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Links need rights on Windows.");
        var model = OnnxModel.Load(_folder.Write("m.onnx", SmallModels.Classifier().ToByteArray()));
        File.CreateSymbolicLink(_folder["link.onnx"], _folder["m.onnx"]);
        Assert.Contains("never overwritten", Refusal(model, _folder["link.onnx"], overwrite: true));
        Directory.CreateSymbolicLink(_folder["here"], _folder.Path);
        Assert.Contains("never overwritten", Refusal(model, _folder["here/m.onnx"], overwrite: true));
    }

    [Fact]
    public void Impossible_targets_are_named()
    {
        var model = new OnnxModel(SmallModels.Classifier());
        Assert.Contains("does not exist; create it", Refusal(model, _folder["no/m.onnx"]));
        Assert.Contains("is a folder", Refusal(model, _folder.Path, overwrite: true));
        Assert.Contains("is empty", Refusal(model, ""));
        if (!OperatingSystem.IsLinux()) return;
        Assert.Contains("cannot be written", Refusal(model, "/proc/m.onnx"));
        Assert.Contains("is a device", Refusal(model, "/dev/null", overwrite: true));
    }

    [Fact]
    public void An_invalid_model_is_not_written()
    {
        var model = new OnnxModel(SmallModels.Classifier());
        model.Proto.Graph.Node[0].Input[0] = "ghost";
        Assert.Contains("'ghost'", Refusal(model, _folder["m.onnx"]));
        Assert.Empty(_folder.Files());
    }

    [Fact]
    public void Cancelling_leaves_nothing_behind()
    {
        var model = new OnnxModel(SmallModels.Classifier());
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        Assert.Throws<OperationCanceledException>(() => model.Save(_folder["m.onnx"], cancellation: cancel.Token));
        Assert.Empty(_folder.Files());
    }

    [Fact]
    public void External_data_stays_external_in_one_file_beside_the_model()
    {
        var source = External("source.onnx");
        source.Save(_folder["a.onnx"]);
        source.Save(_folder["b.onnx"]);
        Assert.Equal(File.ReadAllBytes(_folder["a.onnx.data"]), File.ReadAllBytes(_folder["b.onnx.data"]));

        var inFile = ModelProto.Parser.ParseFrom(File.ReadAllBytes(_folder["a.onnx"]));
        var external = inFile.Graph.Initializer.Where(t => t.DataLocation == DataLocation.External).ToList();
        // Only conv2's weight is larger than 1 KiB; shapes and biases stay in the model.
        Assert.Equal("conv2.weight", Assert.Single(external).Name);
        Assert.Equal("a.onnx.data", external[0].ExternalData.Single(e => e.Key == "location").Value);

        var back = OnnxModel.Load(_folder["a.onnx"]);
        Assert.Equal(SmallModels.Classifier(), back.Proto);
        Assert.Equal(SmallModels.Classifier(), source.Proto);
    }

    [Fact]
    public void The_data_file_of_another_model_is_not_replaced_by_accident()
    {
        var source = External("source.onnx");
        var data = _folder.Write("m.onnx.data", [1, 2, 3]);
        Assert.Contains("already exists", Refusal(source, _folder["m.onnx"]));
        source.Save(_folder["m.onnx"], overwrite: true);
        Assert.NotEqual([1, 2, 3], File.ReadAllBytes(data));
        Assert.Equal(["m.onnx", "m.onnx.data", "source.onnx", "source.onnx.data"], _folder.Files());
    }

    [Fact]
    public void The_data_file_of_the_source_is_never_overwritten()
    {
        External("source.onnx");
        File.Move(_folder["source.onnx"], _folder["m.onnx"]);
        var model = OnnxModel.Load(_folder["m.onnx"]);
        Assert.Contains("never overwritten", Refusal(model, _folder["source.onnx"], overwrite: true));
        Assert.Equal(["m.onnx", "source.onnx.data"], _folder.Files());
    }

    [Fact]
    public void Cancelling_keeps_the_old_data_file()
    {
        var source = External("source.onnx");
        var data = _folder.Write("m.onnx.data", [1, 2, 3]);
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        Assert.Throws<OperationCanceledException>(() => source.Save(_folder["m.onnx"], true, cancel.Token));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(data));
        Assert.Equal(["m.onnx.data", "source.onnx", "source.onnx.data"], _folder.Files());
    }

    [Fact]
    public void Saved_external_models_run_from_their_file()
    {
        External("source.onnx").Save(_folder["m.onnx"]);
        using var session = new Microsoft.ML.OnnxRuntime.InferenceSession(_folder["m.onnx"]);
        Assert.Equal("x", Assert.Single(session.InputMetadata).Key);
    }

    // A model read from a file with external data.
    OnnxModel External(string name)
    {
        var proto = SmallModels.Classifier();
        var weight = proto.Graph.Initializer.Single(t => t.Name == "conv2.weight");
        _folder.Write(name + ".data", weight.RawData.Span);
        weight.ClearRawData();
        weight.DataLocation = DataLocation.External;
        weight.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = name + ".data" });
        return OnnxModel.Load(_folder.Write(name, proto.ToByteArray()));
    }

    string Refusal(OnnxModel model, string path, bool overwrite = false)
    {
        var before = _folder.Files();
        var message = Assert.Throws<OnnxSurgeryException>(() => model.Save(path, overwrite)).Message;
        Assert.Equal(before, _folder.Files());
        return message;
    }
}
