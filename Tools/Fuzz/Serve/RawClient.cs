using System.Net.Sockets;
using System.Text;

namespace OnnxEdit.Fuzz;

/// <summary>Sends bytes to a server and reads all it sends back. No client library stands between, which would not send what is wrong.</summary>
static class RawClient
{
    static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    /// <summary>Sends a request on a connection of its own and says that no more will come.</summary>
    /// <exception cref="TimeoutException">There is no answer.</exception>
    internal static async Task<RawAnswer> SendAsync(Uri address, byte[] request)
    {
        using var patience = new CancellationTokenSource(_patience);
        using var socket = new TcpClient { NoDelay = true };
        using var all = new MemoryStream();
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, patience.Token);
            await socket.GetStream().WriteAsync(request, patience.Token);
            socket.Client.Shutdown(SocketShutdown.Send);
            await socket.GetStream().CopyToAsync(all, patience.Token);
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
