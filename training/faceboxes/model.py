"""The network of FaceBoxes (Zhang et al. 2017, arXiv:1708.05234)."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class ConvBN(nn.Module):
    def __init__(self, cin, cout, k=1, stride=1, pad=0):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, k, stride, pad, bias=False)
        self.bn = nn.BatchNorm2d(cout, momentum=0.05)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class CReLU(ConvBN):
    def forward(self, x):
        x = self.bn(self.conv(x))
        return F.relu(torch.cat([x, -x], 1))


class Inception(nn.Module):
    def __init__(self):
        super().__init__()
        self.branch1x1 = ConvBN(128, 32)
        self.branch1x1_2 = ConvBN(128, 32)
        self.branch3x3_reduce = ConvBN(128, 24)
        self.branch3x3 = ConvBN(24, 32, 3, 1, 1)
        self.branch3x3_reduce_2 = ConvBN(128, 24)
        self.branch3x3_2 = ConvBN(24, 32, 3, 1, 1)
        self.branch3x3_3 = ConvBN(32, 32, 3, 1, 1)

    def forward(self, x):
        return torch.cat(
            [
                self.branch1x1(x),
                self.branch1x1_2(F.avg_pool2d(x, 3, 1, 1)),  # counts the padding
                self.branch3x3(self.branch3x3_reduce(x)),
                self.branch3x3_3(self.branch3x3_2(self.branch3x3_reduce_2(x))),
            ],
            1,
        )


class FaceBoxes(nn.Module):
    """Attribute names follow the public implementations, so state dicts interchange."""

    def __init__(self):
        super().__init__()
        self.conv1 = CReLU(3, 24, 7, 4, 3)
        self.conv2 = CReLU(48, 64, 5, 2, 2)
        self.inception1, self.inception2, self.inception3 = Inception(), Inception(), Inception()
        self.conv3_1, self.conv3_2 = ConvBN(128, 128), ConvBN(128, 256, 3, 2, 1)
        self.conv4_1, self.conv4_2 = ConvBN(256, 128), ConvBN(128, 256, 3, 2, 1)
        cells = ((128, 21), (256, 1), (256, 1))
        self.loc = nn.ModuleList(nn.Conv2d(c, n * 4, 3, padding=1) for c, n in cells)
        self.conf = nn.ModuleList(nn.Conv2d(c, n * 2, 3, padding=1) for c, n in cells)

    def initialise(self):
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                if m.bias is None:
                    nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
                else:
                    nn.init.normal_(m.weight, std=0.01)
                    nn.init.zeros_(m.bias)
        for m in self.conf:  # start at p(face) = 0.01
            m.bias.data[0::2], m.bias.data[1::2] = 2.3, -2.3
        return self

    def head(self, x):
        x = F.max_pool2d(self.conv1(x), 3, 2, 1)
        return F.max_pool2d(self.conv2(x), 3, 2, 1)

    def tail(self, x):
        a = self.inception3(self.inception2(self.inception1(x)))
        b = self.conv3_2(self.conv3_1(a))
        c = self.conv4_2(self.conv4_1(b))
        loc, conf = [], []
        for y, l, k in zip((a, b, c), self.loc, self.conf):
            n = int(y.shape[2]) * int(y.shape[3]) * (l.out_channels // 4)
            loc.append(l(y).permute(0, 2, 3, 1).reshape(-1, n, 4))
            conf.append(k(y).permute(0, 2, 3, 1).reshape(-1, n, 2))
        return torch.cat(loc, 1), torch.cat(conf, 1)

    def forward(self, x):
        return self.tail(self.head(x))


def load_weights(path):
    sd = torch.load(path, map_location="cpu")
    sd = sd.get("state_dict", sd)
    net = FaceBoxes()
    net.load_state_dict({k[7:] if k.startswith("module.") else k: v for k, v in sd.items()})
    return net.eval()
