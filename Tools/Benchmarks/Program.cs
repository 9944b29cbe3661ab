using OnnxEdit.Benchmarks;

switch (args)
{
    case ["moments", .. var rest]:
        return MomentsBandwidth.Run(rest);
    default:
        return 0;
}
