"""Ablated forward passes of a CIFAR ResNet in plain PyTorch: for every mask the filters it ablates are set to zero, all
examples run, and the weights put back. Reads a line per measurement, "BATCH MASKS"; answers with seconds.

    python3 ablations.py DEPTH EXAMPLES THREADS
"""
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

depth, examples, threads = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)


class Block(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(i, o, 3, stride, 1), nn.ReLU(), nn.Conv2d(o, o, 3, 1, 1))
        self.stride, self.more = stride, (o - i) // 2

    def forward(self, x):
        short = x[:, :, :: self.stride, :: self.stride]
        if self.more:
            short = F.pad(short, (0, 0, 0, 0, self.more, self.more))
        return F.relu(self.body(x) + short)


layers, width = [nn.Conv2d(3, 16, 3, 1, 1), nn.ReLU()], 16
for out in (16, 32, 64):
    for b in range((depth - 2) // 6):
        layers.append(Block(width, out, 2 if b == 0 and out != 16 else 1))
        width = out
net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)).eval()
convolutions = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
images = torch.randn(examples, 3, 32, 32)
print(torch.__version__, flush=True)

with torch.no_grad():
    for line in sys.stdin:
        batch, masks = map(int, line.split())
        start = time.perf_counter()
        for _ in range(masks):
            kept = [c.weight.clone() for c in convolutions]
            for c in convolutions:
                c.weight[torch.rand(c.out_channels) < 0.1] = 0
            for at in range(0, examples, batch):
                net(images[at : at + batch])
            for c, w in zip(convolutions, kept):
                c.weight.copy_(w)
        print(time.perf_counter() - start, flush=True)
