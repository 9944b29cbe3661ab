using System.Diagnostics;
namespace OnnxEdit.Engine;
static class Prof { static readonly Dictionary<string,double> T=[]; public static double Now => Stopwatch.GetTimestamp()/(double)Stopwatch.Frequency; public static void Add(string n,double t0){ lock(T) T[n]=T.GetValueOrDefault(n)+Now-t0; } 
static Prof(){ AppDomain.CurrentDomain.ProcessExit += (_,_)=>{ foreach(var (k,v) in T) Console.Error.WriteLine($"PROF {k} {v:f2}"); }; } }
