"""Detections of a network and their average precision on FDDB-style annotations."""

import glob
import os

import cv2
import numpy as np
import torch

from boxes import decode, iou_matrix, nms, priors

MEAN = (104.0, 117.0, 123.0)  # BGR


def load_fddb(root):
    """[(name, image, boxes[G, 4])] from an FDDB folder of upright ellipses."""
    out = []
    for path in sorted(glob.glob(os.path.join(root, "FDDB-folds", "*ellipseList.txt"))):
        lines = [l.strip() for l in open(path) if l.strip()]
        k = 0
        while k < len(lines):
            name, n = lines[k], int(lines[k + 1])
            rows = [[float(v) for v in l.split()] for l in lines[k + 2 : k + 2 + n]]
            k += 2 + n
            boxes = [[cx - rx, cy - ry, cx + rx, cy + ry] for ry, rx, _, cx, cy, _ in rows]
            image = cv2.imread(os.path.join(root, "originalPics", name + ".jpg"))
            out.append((name, image, np.array(boxes, np.float32).reshape(-1, 4)))
    return out


def to_input(images):
    """List of BGR HWC images -> mean-free NCHW tensor, stored channels-last."""
    x = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float()
    return x - torch.tensor(MEAN).view(1, 3, 1, 1)


@torch.no_grad()
def detect(net, image, side=1024, cut=0.02, top=5000, keep=750):
    h, w = image.shape[:2]
    loc, conf = net(to_input([cv2.resize(image.astype(np.float32), (side, side))]))
    scores = conf[0].softmax(-1)[:, 1].numpy()
    boxes = (decode(loc[0], priors(side)) * torch.tensor([w, h, w, h]) / side).numpy()
    pick = np.where(scores > cut)[0]
    pick = pick[np.argsort(-scores[pick], kind="stable")[:top]]
    pick = pick[nms(boxes[pick], scores[pick])[:keep]]
    return boxes[pick], scores[pick]


def average_precision(dets, truths, limit):
    """All-point AP.  dets: [(boxes, scores)] per image."""
    rows, total = [], sum(len(t) for t in truths)
    for (boxes, scores), truth in zip(dets, truths):
        m = iou_matrix(torch.from_numpy(boxes), torch.from_numpy(truth)).numpy()
        used = np.zeros(len(truth), bool)
        for q in np.argsort(-scores, kind="stable"):
            hit = False
            if len(truth):
                j = m[q].argmax()
                if m[q, j] >= limit and not used[j]:
                    used[j] = hit = True
            rows.append((scores[q], hit))
    rows.sort(key=lambda r: -r[0])
    tp = np.cumsum([r[1] for r in rows])
    precision = np.maximum.accumulate((tp / np.arange(1, len(rows) + 1))[::-1])[::-1]
    recall = np.concatenate([[0], tp / total])
    return float(((recall[1:] - recall[:-1]) * precision).sum()), recall, rows


def evaluate(net, data, limits=(0.5,)):
    net.eval()
    dets = [detect(net, im) for _, im, _ in data]
    return {l: average_precision(dets, [b for *_, b in data], l)[0] for l in limits}, dets
