using Microsoft.Extensions.Hosting;

namespace OnnxEdit.Serving;

/// <summary>
/// Looks at the repository now and then. Asking works on every file system, network ones included, where notifications
/// get lost; what is asked is the size and time of a few files per model.
/// </summary>
sealed class RepositoryWatch(ModelCatalog catalog, ServeOptions options) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Poll <= TimeSpan.Zero) return;
        using var timer = new PeriodicTimer(options.Poll);
        while (await timer.WaitForNextTickAsync(stoppingToken)) await catalog.RefreshAsync();
    }
}
