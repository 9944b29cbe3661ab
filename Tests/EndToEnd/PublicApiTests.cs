using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using OnnxEdit.Engine.Slimming;
using OnnxEdit.Kernels.Witness;
using OnnxEdit.Surgery.Model;
using Xunit;

namespace OnnxEdit.EndToEnd;

/// <summary>What the libraries offer is listed in PublicApi/, so that a change of it is seen in review.</summary>
public sealed class PublicApiTests
{
    const BindingFlags Own = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    // Members that the compiler writes for records say nothing that the record itself does not.
    static readonly HashSet<string> _written = ["ToString", "GetHashCode", "Equals", "Deconstruct", "PrintMembers", "EqualityContract", "<Clone>$", "op_Equality", "op_Inequality"];

    [Theory]
    [InlineData(typeof(OnnxModel))]
    [InlineData(typeof(ScoreTable))]
    [InlineData(typeof(Slimmer))]
    public void The_public_api_is_the_listed_one(Type one)
    {
        var assembly = one.Assembly;
        var name = assembly.GetName().Name!;
        var path = Path.Combine(Repository.Root, "PublicApi", $"{name}.txt");
        var found = string.Concat(assembly.GetExportedTypes().Where(type => !IsGenerated(type)).OrderBy(type => type.FullName, StringComparer.Ordinal).Select(Describe));
        if (Environment.GetEnvironmentVariable("ONNXEDIT_UPDATE_SNAPSHOTS") == "1") File.WriteAllText(path, found);
        var listed = File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : "";
        var (added, gone) = (Lines(found).Except(Lines(listed)).ToArray(), Lines(listed).Except(Lines(found)).ToArray());
        Assert.True(found == listed, $"The public API of {name} is not what PublicApi/{name}.txt lists. If that is right, run this test again with ONNXEDIT_UPDATE_SNAPSHOTS=1.\n"
            + string.Concat(added.Select(line => $"new:  {line}\n")) + string.Concat(gone.Select(line => $"gone: {line}\n")));
    }

    [Fact]
    public void The_public_face_can_be_learned()
    {
        var types = ((Type[])[typeof(OnnxModel), typeof(ScoreTable), typeof(Slimmer)]).SelectMany(t => t.Assembly.GetExportedTypes()).Where(t => !IsGenerated(t)).ToArray();
        Assert.True(types.Length <= 120, $"{types.Length} public types");
    }

    static string[] Lines(string text) => text.Split('\n');

    // The protobuf classes are made from Proto/onnx.proto, which is listed well enough by itself.
    static bool IsGenerated(Type type) => type.Namespace?.EndsWith(".Proto", StringComparison.Ordinal) == true;

    static string Describe(Type type)
    {
        var text = new StringBuilder($"{Kind(type)} {Name(type, full: true)}\n");
        IEnumerable<string> members = type.IsEnum
            ? Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name), System.Globalization.CultureInfo.InvariantCulture)}")
            : type.GetMembers(Own).Where(member => !_written.Contains(member.Name)).Select(Member).OfType<string>().Distinct().Order(StringComparer.Ordinal);
        foreach (var member in members) text.Append("    ").Append(member).Append('\n');
        return text.ToString();
    }

    static string Kind(Type type) =>
        type.IsEnum ? "enum"
        : typeof(Delegate).IsAssignableFrom(type) ? "delegate"
        : type.IsInterface ? "interface"
        : type.IsValueType ? "struct"
        : type is { IsAbstract: true, IsSealed: true } ? "static class"
        : type.IsAbstract ? "abstract class"
        : type.IsSealed ? "sealed class" : "class";

    static string? Member(MemberInfo member) => member switch
    {
        FieldInfo field when IsSeen(field.IsPublic, field.IsFamily) => $"{(field.IsLiteral ? "const " : field.IsStatic ? "static " : "")}{Name(field.FieldType)} {field.Name}",
        PropertyInfo property when Accessors(property) is { Length: > 0 } accessors =>
            $"{(property.GetAccessors(true)[0].IsStatic ? "static " : "")}{Name(property.PropertyType)} {property.Name} {{ {string.Join(' ', accessors)} }}",
        ConstructorInfo constructor when IsSeen(constructor.IsPublic, constructor.IsFamily) && !IsCopy(constructor) => $".ctor({Parameters(constructor)})",
        MethodInfo method when IsSeen(method.IsPublic, method.IsFamily) && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal)) =>
            $"{(method.IsStatic ? "static " : method.IsAbstract ? "abstract " : "")}{Name(method.ReturnType)} {method.Name}{(method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(a => a.Name))}>" : "")}({Parameters(method)})",
        EventInfo @event => $"event {@event.Name}",
        _ => null,
    };

    static bool IsSeen(bool isPublic, bool isFamily) => isPublic || isFamily;

    static bool IsCopy(ConstructorInfo constructor) => constructor.IsFamily && constructor.GetParameters() is [var only] && only.ParameterType == constructor.DeclaringType;

    static string[] Accessors(PropertyInfo property) => [.. new[] { property.GetMethod, property.SetMethod }
        .Where(accessor => accessor is not null && IsSeen(accessor.IsPublic, accessor.IsFamily))
        .Select(accessor => accessor == property.GetMethod ? "get;"
            : accessor!.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init;" : "set;")];

    static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
        $"{(parameter.IsOut ? "out " : parameter.ParameterType.IsByRef ? "ref " : "")}{Name(parameter.ParameterType)} {parameter.Name}{(parameter.HasDefaultValue ? " = default" : "")}"));

    static string Name(Type type, bool full = false)
    {
        if (type.IsByRef) return Name(type.GetElementType()!);
        if (type.IsArray) return $"{Name(type.GetElementType()!)}[]";
        if (Nullable.GetUnderlyingType(type) is { } inner) return $"{Name(inner)}?";
        var name = full ? type.FullName! : type.IsNested && !type.IsGenericParameter ? $"{Name(type.DeclaringType!)}.{type.Name}" : type.Name;
        if (!type.IsGenericType) return name;
        var tick = name.IndexOf('`', StringComparison.Ordinal);
        return $"{(tick < 0 ? name : name[..tick])}<{string.Join(", ", type.GetGenericArguments().Select(argument => Name(argument)))}>";
    }
}
