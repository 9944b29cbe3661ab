using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace OnnxEdit.Serving;

/// <summary>Lets nobody in without the key, but to health, where a key would be in the way, and to the page, which asks for it.</summary>
sealed class ApiKeyGate(string key)
{
    // Of equal length whatever is sent, so that the comparison takes the same time.
    readonly byte[] _wanted = Hash(key);

    internal Task RunAsync(HttpContext context, RequestDelegate next)
    {
        if (IsOpen(context.Request.Path) || CryptographicOperations.FixedTimeEquals(Hash(Given(context.Request)), _wanted)) return next(context);
        context.Response.Headers.WWWAuthenticate = "Bearer";
        throw new RequestRefused(401, "This server wants its key: send it as 'Authorization: Bearer KEY' or 'X-Api-Key: KEY'.");
    }

    static bool IsOpen(PathString path) =>
        path == "/" || path.StartsWithSegments("/v2/health", StringComparison.Ordinal) || path == "/livez" || path == "/readyz" || path == "/healthz"
        || path == "/inference.GRPCInferenceService/ServerLive" || path == "/inference.GRPCInferenceService/ServerReady";

    static string Given(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        var authorization = request.Headers.Authorization.ToString();
        return authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? authorization[Scheme.Length..].Trim() : request.Headers["X-Api-Key"].ToString();
    }

    static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
