namespace OnnxEdit.Engine.Refit;

/// <summary>Between the file's order of weights (channel, tap) and the patch matrix's (tap, channel).</summary>
static class PatchOrder
{
    /// <summary>Row of the patch matrix for a channel of the group and a kernel tap.</summary>
    public static int Row(int channel, int tap, int channelsPerGroup) => tap * channelsPerGroup + channel;

    /// <summary>Copies fitted weights [m, rows] of one group into the unit's weights [M, channels x taps].</summary>
    public static void Put(double[,] fitted, float[,] weights, int group, PatchGraph patches)
    {
        var per = patches.InChannels / patches.Groups;
        var m = fitted.GetLength(0);
        for (var o = 0; o < m; o++)
            for (var c = 0; c < per; c++)
                for (var t = 0; t < patches.Taps; t++)
                    weights[group * m + o, c * patches.Taps + t] = (float)fitted[o, Row(c, t, per)];
    }

    /// <summary>Copies a row of fitted weights [rows] into that of the unit's weights [M, channels x taps].</summary>
    public static void PutRow(ReadOnlySpan<float> fitted, float[,] weights, int output, PatchGraph patches)
    {
        var per = patches.InChannels / patches.Groups;
        for (var c = 0; c < per; c++)
            for (var t = 0; t < patches.Taps; t++) weights[output, c * patches.Taps + t] = fitted[Row(c, t, per)];
    }

    /// <summary>Reads a row of the unit's weights [M, channels x taps] in patch order, [rows].</summary>
    public static void GetRow(float[,] weights, int output, PatchGraph patches, Span<float> row)
    {
        var per = patches.InChannels / patches.Groups;
        for (var c = 0; c < per; c++)
            for (var t = 0; t < patches.Taps; t++) row[Row(c, t, per)] = weights[output, c * patches.Taps + t];
    }

    /// <summary>The unit's weights of one group in patch order, [m, rows].</summary>
    public static double[,] Get(float[,] weights, int group, PatchGraph patches)
    {
        var per = patches.InChannels / patches.Groups;
        var m = weights.GetLength(0) / patches.Groups;
        var result = new double[m, per * patches.Taps];
        for (var o = 0; o < m; o++)
            for (var c = 0; c < per; c++)
                for (var t = 0; t < patches.Taps; t++)
                    result[o, Row(c, t, per)] = weights[group * m + o, c * patches.Taps + t];
        return result;
    }
}
