using OnnxEdit.Engine.Data;
using OnnxEdit.Engine.Data.Targets;
using OnnxEdit.Engine.Tasks.Kinds;
using OnnxEdit.Surgery;

namespace OnnxEdit.Engine.Tasks.Detection;

/// <summary>
/// Which class of the data each class of a detector is: the one of that name where both name theirs and the model knows all
/// that the data names, else the one at that place. Detectors that count the background return the data's own numbers.
/// </summary>
sealed class ObjectClassMap
{
    // Classes that the data has no objects of: still wrong where they are found, and never asked for.
    const int Foreign = 1 << 20;

    readonly Func<int, int> _ofData;

    ObjectClassMap(Func<int, int> ofData) => _ofData = ofData;

    /// <summary>The class of the data.</summary>
    public int OfData(int number) => _ofData(number);

    /// <summary>Compares a model's classes with those of labelled pictures.</summary>
    /// <param name="subject">The model.</param>
    /// <param name="head">Its head.</param>
    /// <param name="items">The pictures.</param>
    /// <exception cref="OnnxEngineException">The data has a class that the model has not, or names that contradict the model's (<see cref="ErrorKind.Data"/>).</exception>
    public static ObjectClassMap Of(TaskSubject subject, DetectorHead head, ItemSet items)
    {
        var classes = (items.Count > 0 ? items.Target(0) as ObjectsTarget : null)?.Classes ?? ObjectClasses.Unnamed;
        if (head.HasBackground)
        {
            var numbers = classes.Numbers.Count > 0 ? classes.Numbers.Index().ToDictionary(c => c.Item, c => c.Index) : null;
            return new ObjectClassMap(number => numbers is null ? number - 1 : numbers.GetValueOrDefault(number, Foreign + number));
        }
        var names = NamedClasses.Of(subject.Model);
        var isNamed = names.Count > 0 && classes.Names.Count > 0;
        if (isNamed && classes.Names.All(names.Contains) && names.Distinct().Count() == names.Count)
        {
            var places = classes.Names.Index().ToDictionary(c => c.Item, c => c.Index);
            return new ObjectClassMap(number => number < names.Count && places.TryGetValue(names[number], out var own) ? own : Foreign + number);
        }
        if (isNamed && classes.Names.Index().FirstOrDefault(c => names.Contains(c.Item) && names.ElementAtOrDefault(c.Index) != c.Item) is (var place, { } name))
        {
            throw new OnnxEngineException(ErrorKind.Data, $"The data's class {place} is '{name}' but the model's is '{names.ElementAtOrDefault(place)}', "
                + $"and '{classes.Names.First(n => !names.Contains(n))}' is none of the model's; give the classes the model's names, or translate with DataOptions.LabelMap.");
        }
        if (head.Classes is { } count) Check(items, count, classes);
        return new ObjectClassMap(number => number);
    }

    static void Check(ItemSet items, int count, ObjectClasses classes)
    {
        for (var item = 0; item < items.Count; item++)
        {
            if (items.Target(item) is not ObjectsTarget target) continue;
            foreach (var number in target.Objects.Select(o => o.Class).Where(number => number >= count))
            {
                throw new OnnxEngineException(ErrorKind.Data, $"The data has objects of class {number}{(classes.Names.ElementAtOrDefault(number) is { } name ? $" ('{name}')" : "")}, counted from 0, "
                    + $"in picture {item}, but the model has {(count == 1 ? "one class" : $"{count} classes")}; translate with DataOptions.LabelMap = DATA=OUTPUT.");
            }
        }
    }
}
