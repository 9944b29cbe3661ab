using System.Numerics.Tensors;

namespace OnnxEdit.Engine.Tasks.Metrics;

/// <summary>Nearest neighbours among vectors by cosine, an item never its own.</summary>
static class NearestNeighbours
{
    /// <summary>The nearest of each vector, nearest first; of equally near ones the lower index first.</summary>
    /// <param name="items">The vectors.</param>
    /// <param name="count">Neighbours wanted; fewer where there are fewer others.</param>
    public static int[][] Of(IEnumerable<float[]> items, int count)
    {
        var vectors = Cosine.Unit(items);
        var nearest = new int[vectors.Length][];
        ThreadedLoop.For(0, vectors.Length, item =>
        {
            var likeness = new float[vectors.Length];
            for (var other = 0; other < likeness.Length; other++) likeness[other] = other == item ? float.NegativeInfinity : TensorPrimitives.Dot(vectors[item], vectors[other]);
            var best = new PriorityQueue<int, (float Likeness, int Later)>();
            for (var other = 0; other < likeness.Length; other++)
            {
                if (other == item) continue;
                best.Enqueue(other, (likeness[other], -other));
                if (best.Count > count) best.Dequeue();
            }
            var found = new int[best.Count];
            for (var at = found.Length - 1; at >= 0; at--) found[at] = best.Dequeue();
            nearest[item] = found;
        });
        return nearest;
    }
}
