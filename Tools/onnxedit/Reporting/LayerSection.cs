using OnnxEdit.Engine.Reporting;

namespace OnnxEdit.Cli;

/// <summary>Bars of the layers: channels kept and removed, and how far weights moved where the shape stayed.</summary>
static class LayerSection
{
    /// <summary>Longer lists are folded up behind this many rows.</summary>
    const int RowsShown = 30;

    internal static Html Of(ComparisonReport report)
    {
        if (report.Before is null) return Html.Empty;
        var isResized = report.Layers.Any(layer => layer.IsResized);
        var moved = report.Layers.Where(layer => layer.WeightChange > 0).ToArray();
        if (!isResized && moved.Length == 0) return Html.Empty;
        var channels = report.Layers.Where(layer => layer is { ChannelsBefore: not null, ChannelsAfter: not null }).ToArray();
        return ReportPage.Section("Layer by layer", $"{(isResized ? Channels(channels) : Html.Empty)}{(moved.Length > 0 ? Weights(moved) : Html.Empty)}");
    }

    static Html Channels(LayerChange[] layers)
    {
        var widest = layers.Max(layer => Math.Max(layer.ChannelsBefore!.Value, layer.ChannelsAfter!.Value));
        return $"""
            <h3>Channels kept and removed</h3>
            <ul class="key"><li><i class="k-after"></i>kept</li><li><i class="k-removed"></i>removed</li></ul>
            {Rows([.. layers.Where(layer => layer.IsResized).Select(layer => Bar(layer, widest))])}
            {Unchanged([.. layers.Where(layer => !layer.IsResized).Select(layer => Bar(layer, widest))])}
            """;
    }

    static Html Unchanged(Html[] rows) => rows.Length == 0 ? Html.Empty
        : $"<details><summary>{rows.Length} layers kept all channels</summary>\n<ul class=\"bars\">\n{rows}</ul>\n</details>\n";

    static Html Bar(LayerChange layer, long widest)
    {
        var (before, after) = (layer.ChannelsBefore!.Value, layer.ChannelsAfter!.Value);
        var outer = 100.0 * Math.Max(before, after) / widest;
        var kept = 100.0 * Math.Min(before, after) / Math.Max(before, after);
        var figure = before == after ? $"{Figures.Count(before)}" : $"{Figures.Count(before)} → {Figures.Count(after)}";
        return $"""
            <li><span class="name">{layer.Name}</span><span class="track" aria-hidden="true"><span class="span{(after > before ? " grown" : "")}" style="width:{outer}%"><span class="kept" style="width:{kept}%"></span></span></span><span class="figure">{figure}</span></li>

            """;
    }

    static Html Weights(LayerChange[] layers)
    {
        var largest = layers.Max(layer => layer.WeightChange!.Value);
        return $"""
            <h3>Weights that changed, in layers of the same shape</h3>
            <p class="soft">Length of the change over the length of the weights before, in percent.</p>
            {Rows([.. layers.Select(layer => Weight(layer, largest))])}
            """;
    }

    static Html Weight(LayerChange layer, double largest) => $"""
        <li><span class="name">{layer.Name}</span><span class="track" aria-hidden="true"><span class="kept" style="width:{100 * layer.WeightChange!.Value / largest}%"></span></span><span class="figure">{Figures.Percent(layer.WeightChange.Value)} %</span></li>

        """;

    static Html Rows(Html[] rows) => rows.Length <= RowsShown + 5
        ? $"<ul class=\"bars\">\n{rows}</ul>\n"
        : (Html)$"<ul class=\"bars\">\n{rows.Take(RowsShown)}</ul>\n<details><summary>{rows.Length - RowsShown} more layers</summary>\n<ul class=\"bars\">\n{rows.Skip(RowsShown)}</ul>\n</details>\n";
}
