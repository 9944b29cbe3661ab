namespace OnnxEdit.Serving;

/// <summary>Whether the server wants requests: not before its models are loaded, and not once it is about to end.</summary>
sealed class ServerState
{
    volatile bool _isReady;

    internal bool IsReady
    {
        get => _isReady;
        set => _isReady = value;
    }
}
