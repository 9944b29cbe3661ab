using System.Net.Sockets;
using System.Text;

namespace OnnxEdit.Fuzz;

/// <summary>Sends bytes to a server and reads all it sends back. No client library stands between, which would not send what is wrong.</summary>
static class RawClient
{
    static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    /// <summary>Sends a request on a connection of its own.</summary>
    /// <param name="address">The server.</param>
    /// <param name="request">The request.</param>
    /// <param name="closeAfter">When to say that no more will come, which a request that promises too much needs; a server takes that for a caller who is gone.</param>
    /// <exception cref="TimeoutException">There is no answer.</exception>
    internal static async Task<RawAnswer> SendAsync(Uri address, byte[] request, TimeSpan? closeAfter = null)
    {
        using var patience = new CancellationTokenSource(_patience);
        using var socket = new TcpClient { NoDelay = true };
        using var all = new MemoryStream();
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, patience.Token);
            // Half closed, the client has no stream to give any more.
            var stream = socket.GetStream();
            await stream.WriteAsync(request, patience.Token);
            var reading = stream.CopyToAsync(all, patience.Token);
            if (closeAfter is { } time && await Task.WhenAny(reading, Task.Delay(time, patience.Token)) != reading) socket.Client.Shutdown(SocketShutdown.Send);
            await reading;
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException("The server does not answer.", e);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // Closed while we were still sending; what it said before counts.
        }
        return RawAnswer.Parse(Encoding.Latin1.GetString(all.GetBuffer(), 0, (int)all.Length));
    }
}
