using Grpc.Core;
using Grpc.Core.Interceptors;

namespace OnnxEdit.Serving;

/// <summary>Turns whatever goes wrong with a gRPC call into a status and a sentence.</summary>
sealed class RpcErrors(Refusals refusals) : Interceptor
{
    /// <inheritdoc/>
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (Exception e) when (e is not RpcException)
        {
            var (status, sentence) = refusals.Explain(e);
            throw new RpcException(new Status(Code(status), sentence.Length > 1000 ? $"{sentence[..1000]} ..." : sentence));
        }
    }

    static StatusCode Code(int status) => status switch
    {
        400 or 415 => StatusCode.InvalidArgument,
        401 => StatusCode.Unauthenticated,
        404 => StatusCode.NotFound,
        413 => StatusCode.ResourceExhausted,
        499 => StatusCode.Cancelled,
        503 => StatusCode.Unavailable,
        504 => StatusCode.DeadlineExceeded,
        _ => StatusCode.Internal,
    };
}
