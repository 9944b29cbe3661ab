namespace OnnxEdit.Engine.Runtime;

/// <summary>Makes several things that must be disposed of, such as sessions or values outside of .NET's memory.</summary>
static class AllOrNone
{
    /// <summary>Makes them in order. When one fails, those made before it are disposed of, and the exception goes on.</summary>
    /// <param name="count">How many.</param>
    /// <param name="make">Makes one, by its number from 0 on.</param>
    internal static T[] Make<T>(int count, Func<int, T> make) where T : IDisposable
    {
        var made = new T[count];
        var done = 0;
        try
        {
            for (; done < count; done++) made[done] = make(done);
            return made;
        }
        catch
        {
            foreach (var value in made.AsSpan(0, done)) value.Dispose();
            throw;
        }
    }

    /// <summary>Prepares a thing that has just been made; when that fails it is disposed of, and the exception goes on.</summary>
    /// <returns>The thing itself.</returns>
    internal static T Prepare<T>(T made, Action<T> prepare) where T : IDisposable
    {
        try
        {
            prepare(made);
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }
}
