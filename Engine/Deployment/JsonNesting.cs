using System.Text.Json;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Deployment;

/// <summary>
/// The brackets around a tensor's elements in JSON: one array of all elements, or arrays within arrays, which must then be as
/// the shape says. Else elements would be read into places that their sender did not mean.
/// </summary>
/// <param name="shape">The tensor's shape.</param>
/// <param name="name">The tensor, for the error.</param>
sealed class JsonNesting(long[] shape, string name)
{
    // Of the arrays that are open: what they hold so far. Null until it is known that there are arrays within arrays.
    long[]? _held;
    int _depth = 1;
    bool _isFlat;

    /// <summary>Takes note of a token behind the outermost opening bracket.</summary>
    /// <returns>False at the outermost closing bracket.</returns>
    /// <exception cref="OnnxEngineException">It does not stand where the shape has one (<see cref="ErrorKind.Data"/>).</exception>
    internal bool Take(JsonTokenType token)
    {
        switch (token)
        {
            case JsonTokenType.StartArray:
                if (_isFlat || _depth >= shape.Length) throw Wrong(_isFlat ? "has numbers and arrays side by side" : "nests its data deeper than its shape");
                _held ??= new long[shape.Length];
                _held[_depth - 1]++;
                _held[_depth++] = 0;
                return true;
            case JsonTokenType.EndArray:
                if (_held is not null && _held[_depth - 1] != shape[_depth - 1])
                    throw Wrong($"nests its data otherwise: an array of {_held[_depth - 1]} stands where one of {shape[_depth - 1]} belongs");
                return --_depth > 0;
            default:
                if (_held is null) _isFlat = true;
                else if (_depth < shape.Length) throw Wrong("has a value where an array belongs");
                else _held[_depth - 1]++;
                return true;
        }
    }

    OnnxEngineException Wrong(string what) =>
        new(ErrorKind.Data, $"The tensor '{name}' of shape [{string.Join(',', shape)}] {what}; nest it as the shape says, or send one flat array.");
}
