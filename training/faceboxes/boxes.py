"""Priors, box coding, overlap and suppression."""

import math

import numpy as np
import torch

VAR_CENTRE, VAR_SIZE = 0.1, 0.2
# stride -> ((prior side, positions per cell side), ...)
LEVELS = ((32, ((32, 4), (64, 2), (128, 1))), (64, ((256, 1),)), (128, ((512, 1),)))

_priors = {}


def priors(side):
    """Prior centres and sizes in pixels of a side x side input: [P, 4]."""
    if side not in _priors:
        out = []
        for stride, kinds in LEVELS:
            for i in range(math.ceil(side / stride)):
                for j in range(math.ceil(side / stride)):
                    for size, n in kinds:
                        offs = [k / n for k in range(n)] if n > 1 else [0.5]
                        out += [((j + ox) * stride, (i + oy) * stride, size, size) for oy in offs for ox in offs]
        _priors[side] = torch.tensor(out, dtype=torch.float32)
    return _priors[side]


def decode(loc, pri):
    centre = pri[:, :2] + loc[..., :2] * VAR_CENTRE * pri[:, 2:]
    half = pri[:, 2:] * torch.exp((loc[..., 2:] * VAR_SIZE).clamp(-6, 6)) / 2
    return torch.cat([centre - half, centre + half], -1)


def encode(box, pri):
    centre = ((box[..., :2] + box[..., 2:]) / 2 - pri[..., :2]) / (VAR_CENTRE * pri[..., 2:])
    size = torch.log((box[..., 2:] - box[..., :2]).clamp(min=1) / pri[..., 2:]) / VAR_SIZE
    return torch.cat([centre, size], -1)


def area(b):
    return (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])


def iou_matrix(a, b):
    wh = (torch.minimum(a[:, None, 2:], b[None, :, 2:]) - torch.maximum(a[:, None, :2], b[None, :, :2])).clamp(min=0)
    inter = wh[..., 0] * wh[..., 1]
    return inter / (area(a)[:, None] + area(b)[None] - inter + 1e-9)


def diou_loss(a, b):
    wh = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0)
    inter = wh[:, 0] * wh[:, 1]
    iou = inter / (area(a) + area(b) - inter + 1e-9)
    hull = torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])
    gap = (a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]) / 2
    return 1 - iou + gap.square().sum(1) / (hull.square().sum(1) + 1e-9)


def nms(boxes, scores, limit=0.3):
    order, keep = np.argsort(-scores, kind="stable"), []
    a = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    while order.size:
        i, rest = order[0], order[1:]
        keep.append(i)
        w = np.minimum(boxes[i, 2], boxes[rest, 2]) - np.maximum(boxes[i, 0], boxes[rest, 0])
        h = np.minimum(boxes[i, 3], boxes[rest, 3]) - np.maximum(boxes[i, 1], boxes[rest, 1])
        inter = np.maximum(w, 0) * np.maximum(h, 0)
        order = rest[inter / (a[i] + a[rest] - inter) <= limit]
    return np.array(keep, int)
