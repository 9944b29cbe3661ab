using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace OnnxEdit.Serving;

/// <summary>All REST routes but inference itself.</summary>
sealed class Routes(ModelCatalog catalog, ServerState state, InferRoute infer, ServeOptions options)
{
    internal void Map(IEndpointRouteBuilder app)
    {
        Get(app, "/v2", _ => new { name = ModelDescription.ServerName, version = ModelDescription.ServerVersion, extensions = ModelDescription.Extensions });
        foreach (var path in new[] { "/v2/health/live", "/livez", "/healthz" }) Get(app, path, _ => new { live = true });
        foreach (var path in new[] { "/v2/health/ready", "/readyz" })
            app.MapGet(path, context => JsonReply.SendAsync(context, new { ready = state.IsReady }, state.IsReady ? 200 : 503));
        app.MapGet("/v2/models/stats", context => JsonReply.SendAsync(context, Statistics(null, null)));
        foreach (var model in new[] { "/v2/models/{name}", "/v2/models/{name}/versions/{version}" })
        {
            GetModel(app, model, ModelDescription.Metadata);
            GetModel(app, $"{model}/config", ModelDescription.Config);
            GetModel(app, $"{model}/ready", version => new { name = version.Name, ready = true });
            app.MapGet($"{model}/stats", context => JsonReply.SendAsync(context, Statistics(Name(context), Version(context))));
            app.MapPost($"{model}/infer", infer.RunAsync);
        }
        app.MapPost("/v2/repository/index", IndexAsync);
        app.MapPost("/v2/repository/models/{name}/load", LoadAsync);
        app.MapPost("/v2/repository/models/{name}/unload", UnloadAsync);
        app.MapGet("/", Page.SendAsync);
        Get(app, "/onnxedit/models", _ => catalog.Slots.Select(Page.Describe));
    }

    static void Get(IEndpointRouteBuilder app, string path, Func<HttpContext, object> make) =>
        app.MapGet(path, context => JsonReply.SendAsync(context, make(context)));

    void GetModel(IEndpointRouteBuilder app, string path, Func<LoadedVersion, object> make) => app.MapGet(path, context =>
    {
        var held = catalog.Hold(Name(context), Version(context));
        try
        {
            return JsonReply.SendAsync(context, make(held));
        }
        finally
        {
            held.Release();
        }
    });

    object Statistics(string? name, string? version)
    {
        if (name is null) return new { model_stats = catalog.Slots.Select(slot => slot.Current).OfType<LoadedVersion>().Select(ModelDescription.Statistics) };
        var held = catalog.Hold(name, version);
        held.Release();
        return new { model_stats = new[] { ModelDescription.Statistics(held) } };
    }

    async Task IndexAsync(HttpContext context)
    {
        var body = await ObjectAsync(context);
        var readyOnly = body?["ready"] is JsonValue value && value.TryGetValue<bool>(out var ready) && ready;
        await JsonReply.SendAsync(context, ModelDescription.Index(catalog, options, readyOnly).Select(entry => new { name = entry.Name, version = entry.Version, state = entry.State, reason = entry.Reason }));
    }

    async Task LoadAsync(HttpContext context)
    {
        var body = await ObjectAsync(context);
        // Files and configuration sent by a caller would leave the repository, which is the one thing served here.
        if (body?["parameters"] is JsonObject { Count: > 0 }) throw RequestRefused.Bad("Models are loaded as they lie in the repository; 'parameters' are not supported here.");
        await catalog.LoadAsync(Name(context)!);
        context.Response.StatusCode = 200;
    }

    async Task UnloadAsync(HttpContext context)
    {
        await ObjectAsync(context);
        await catalog.UnloadAsync(Name(context)!);
        context.Response.StatusCode = 200;
    }

    async Task<JsonObject?> ObjectAsync(HttpContext context)
    {
        var body = await RequestBody.ReadAsync(context.Request, Math.Min(options.MaxRequestBytes, 1 << 20), context.RequestAborted);
        if (body.Length == 0) return null;
        try
        {
            return JsonNode.Parse(body.Span) as JsonObject ?? throw RequestRefused.Bad("The request is no JSON object.");
        }
        catch (JsonException)
        {
            throw RequestRefused.Bad("The request is no valid JSON.");
        }
    }

    static string Name(HttpContext context) => (string)context.Request.RouteValues["name"]!;

    static string? Version(HttpContext context) => context.Request.RouteValues["version"] as string;
}
