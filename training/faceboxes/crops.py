"""Annotated photographs in COCO form, and random disturbed crops of them."""

import json
import math
import os

import cv2
import numpy as np
import torch

from boxes import area
from evaluation import MEAN, to_input


def load_coco(root):
    d = json.load(open(os.path.join(root, "annotations.json")))
    items = {i["id"]: dict(path=os.path.join(root, "images", i["file_name"]), boxes=[], bare=0) for i in d["images"]}
    for a in d["annotations"]:
        x, y, w, h = a["bbox"]
        it = items[a["image_id"]]
        it["boxes"].append([x, y, x + w, y + h])
        it["bare"] += not a["attributes"]["masked"]
    items = list(items.values())
    for it in items:
        im = cv2.imread(it["path"])
        it["boxes"] = np.array(it["boxes"], np.float32).reshape(-1, 4)
        shrink = 1280 / max(im.shape[:2])
        if shrink < 1:
            im = cv2.resize(im, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
            it["boxes"] *= shrink
        it["image"] = im
    return items


class Crops:
    """Random side x side crops of images stretched to about 1024 x 1024, as at test time."""

    def __init__(self, items, seed):
        self.items, self.rng = items, np.random.default_rng(seed)
        # unmasked faces are one in six here and most of the wanted use: show them more often
        w = np.array([1 + 2.0 * (it["bare"] > 0) for it in items])
        self.weight = w / w.sum()

    def one(self, side):
        r = self.rng
        it = self.items[r.choice(len(self.items), p=self.weight)]
        im, boxes = it["image"], it["boxes"]
        h, w = im.shape[:2]
        face = boxes[r.integers(len(boxes))] if len(boxes) and r.random() < 0.85 else None
        scale = math.exp(r.uniform(math.log(0.5), math.log(1.6)))
        if face is not None and r.random() < 0.4:  # even out the face sizes
            now = math.sqrt(max(area(face), 1) * (1024 / w) * (1024 / h))
            want = math.exp(r.uniform(math.log(20), math.log(0.75 * side)))
            scale = float(np.clip(want / now, 0.4, 1.8))
        stretch = math.exp(r.normal(0, 0.1))
        sx, sy = 1024 / w * scale * stretch, 1024 / h * scale / stretch
        flip = r.random() < 0.5
        turn = math.radians(r.normal(0, 6)) if r.random() < 0.3 else 0.0

        def span(size, centre):
            """Crop start along one axis of the scaled image."""
            lo, hi = min(0, size - side), max(0, size - side)
            if centre is not None:
                m = min(0.15 * side, side / 4)
                lo, hi = max(lo, centre - side + m), min(hi, centre - m)
                if lo > hi:
                    lo = hi = centre - side / 2
            return r.uniform(lo, hi)

        cx = cy = None
        if face is not None:
            cx, cy = (face[0] + face[2]) / 2 * sx, (face[1] + face[3]) / 2 * sy
        ox, oy = span(w * sx, cx), span(h * sy, cy)
        m = np.array([[sx, 0, -ox], [0, sy, -oy], [0, 0, 1]])
        if flip:
            m = np.array([[-1, 0, side - 1], [0, 1, 0], [0, 0, 1]]) @ m
        if turn:
            c, s, k = math.cos(turn), math.sin(turn), side / 2
            m = np.array([[c, -s, k - c * k + s * k], [s, c, k - s * k - c * k], [0, 0, 1]]) @ m
        clean = cv2.warpAffine(im, m[:2], (side, side), flags=cv2.INTER_LINEAR, borderValue=MEAN)
        # boxes keep their own size about the moved centre (the turn is small)
        ctr = np.stack([boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]], 1) / 2
        ctr = ctr @ m[:2, :2].T + m[:2, 2]
        half = np.stack([(boxes[:, 2] - boxes[:, 0]) * sx, (boxes[:, 3] - boxes[:, 1]) * sy], 1) / 2
        full = np.concatenate([ctr - half, ctr + half], 1)
        clip = full.clip(0, side)
        seen = area(clip) / np.maximum(area(full), 1e-6)
        size = np.sqrt(np.maximum(area(full), 0))
        good = (seen > 0.55) & (ctr > 0).all(1) & (ctr < side).all(1) & (size >= 9)
        vague = ~good & (seen > 0.05)
        return (clean, self.disturb(clean), clip[good].astype(np.float32), clip[vague].astype(np.float32))

    def disturb(self, im):
        r = self.rng
        if r.random() < 0.8:
            v = np.arange(256) / 255.0
            v = v ** math.exp(r.normal(0, 0.2))
            gain = math.exp(r.normal(0, 0.2)) * np.exp(r.normal(0, 0.05, 3))
            shift = r.normal(0, 0.07)
            lut = ((v[:, None] - 0.5) * gain + 0.5 + shift).clip(0, 1) * 255
            im = cv2.LUT(im, lut.astype(np.uint8)[None])
        p = r.random()
        if p < 0.3:
            grey = cv2.cvtColor(cv2.cvtColor(im, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
            k = 0.0 if p < 0.07 else r.uniform(0.3, 1.5)
            im = cv2.addWeighted(im, k, grey, 1 - k, 0)
        p = r.random()
        if p < 0.12:
            im = cv2.GaussianBlur(im, (0, 0), r.uniform(0.5, 2.0))
        elif p < 0.20:
            k = r.uniform(0.35, 0.7)
            im = cv2.resize(cv2.resize(im, None, fx=k, fy=k, interpolation=cv2.INTER_AREA), im.shape[1::-1])
        elif p < 0.26:
            im = cv2.imdecode(cv2.imencode(".jpg", im, [1, int(r.integers(25, 70))])[1], 1)
        if r.random() < 0.1:
            noise = np.empty(im.shape, np.int16)
            cv2.randn(noise, 0, r.uniform(3, 12))
            im = cv2.add(im, noise, dtype=cv2.CV_8U)
        return im

    def batch(self, n, side):
        clean, dirty, good, vague = zip(*[self.one(side) for _ in range(n)])
        return (
            to_input(clean),
            to_input(dirty),
            [torch.from_numpy(b) for b in good],
            [torch.from_numpy(b) for b in vague],
        )
