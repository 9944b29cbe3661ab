using System.Diagnostics;
using System.Globalization;

namespace OnnxEdit.Benchmarks;

/// <summary>PyTorch, making training steps of a CIFAR ResNet on demand: the measure for our own.</summary>
sealed class TorchProcess : IDisposable
{
    // The networks of He et al. for CIFAR-10 with parameter-free shortcuts; normalisations folded away or frozen, as in ours.
    const string Script = """
        import sys, time, resource, torch, torch.nn as nn, torch.nn.functional as F
        depth, norm, batch, threads = int(sys.argv[1]), sys.argv[2] == '1', int(sys.argv[3]), int(sys.argv[4])
        torch.set_num_threads(threads)
        def conv(i, o, s): return [nn.Conv2d(i, o, 3, s, 1, bias=not norm)] + ([nn.BatchNorm2d(o)] if norm else [])
        class Block(nn.Module):
            def __init__(self, i, o, s):
                super().__init__()
                self.body, self.stride, self.more = nn.Sequential(*conv(i, o, s), nn.ReLU(), *conv(o, o, 1)), s, (o - i) // 2
            def forward(self, x):
                short = x[:, :, ::self.stride, ::self.stride]
                if self.more: short = F.pad(short, (0, 0, 0, 0, self.more, self.more))
                return F.relu(self.body(x) + short)
        layers, width = [*conv(3, 16, 1), nn.ReLU()], 16
        for out in (16, 32, 64):
            for b in range((depth - 2) // 6):
                layers.append(Block(width, out, 2 if b == 0 and out != 16 else 1)); width = out
        net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)).eval()
        optimiser = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9)
        x, y = torch.randn(batch, 3, 32, 32), torch.randint(0, 10, (batch,))
        print(torch.__version__, flush=True)
        for line in sys.stdin:
            wall, cpu = time.perf_counter(), time.process_time()
            optimiser.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimiser.step()
            print(time.perf_counter() - wall, time.process_time() - cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)
        """;

    readonly Process _process;

    TorchProcess(Process process, string version) => (_process, Version) = (process, version);

    /// <summary>Version of PyTorch.</summary>
    public string Version { get; }

    /// <summary>Starts it for a model such as resnet20_cifar10 or resnet56_cifar10_bn; null when there is no PyTorch or no such network.</summary>
    public static TorchProcess? Start(string model, int batch, int threads)
    {
        if (!model.StartsWith("resnet", StringComparison.Ordinal)) return null;
        var depth = new string([.. model["resnet".Length..].TakeWhile(char.IsDigit)]);
        var norm = model.EndsWith("_bn", StringComparison.Ordinal) ? "1" : "0";
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("PYTHON") ?? "/usr/bin/python3", ["-c", Script, depth, norm, $"{batch}", $"{threads}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            var process = Process.Start(start)!;
            if (process.StandardOutput.ReadLine() is { } version) return new TorchProcess(process, version);
            process.Dispose();
        }
        catch (System.ComponentModel.Win32Exception)
        {
        }
        Console.Error.WriteLine("No python3 with torch here (the environment variable PYTHON names another one): no comparison.");
        return null;
    }

    /// <summary>Most memory that it has used so far, MB; set by <see cref="Step"/>.</summary>
    public double Megabytes { get; private set; }

    /// <summary>One step: seconds by the clock and of all cores.</summary>
    public (double Wall, double Cpu) Step()
    {
        _process.StandardInput.WriteLine();
        var numbers = _process.StandardOutput.ReadLine()!.Split(' ');
        Megabytes = double.Parse(numbers[2], CultureInfo.InvariantCulture) / 1024;
        return (double.Parse(numbers[0], CultureInfo.InvariantCulture), double.Parse(numbers[1], CultureInfo.InvariantCulture));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit(5000);
        _process.Dispose();
    }
}
