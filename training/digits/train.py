"""Train the classifier of the tests and write test/models/digits (PyTorch 1.13, scikit-learn 1.5, onnx 1.16).

    python3 -m venv --system-site-packages VENV
    VENV/bin/pip install 'scikit-learn<1.6' 'onnx<1.17' 'numpy<2'
    VENV/bin/python training/digits/train.py --out test/models/digits

Data: scikit-learn's `load_digits` (1797 pictures of 8 x 8, 17 grey levels; UCI Optical Recognition of Handwritten
Digits, test part). The first 1437 train; the last 360 are never trained on and go into digits.png for the tests.
About two minutes on two CPU cores; the same seed gives the same weights on the same machine.
"""

import argparse
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

from export import write_folder

HELD_OUT = 360
SIDE = 64


class Head(nn.Module):
    """Picture [N,3,64,64], RGB minus 128, to activation [N,16,16,16]."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 5, stride=2, padding=2)
        self.conv2 = nn.Conv2d(16, 16, 3, stride=2, padding=1)

    def forward(self, image):
        # Grey levels are brought to about 1; write_folder folds the factor into the weights.
        return self.conv2(self.conv1(image / 64).relu()).relu()


class Tail(nn.Module):
    """Activation to logits [N,10]."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(16, 32, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(32, 32, 3, stride=2, padding=1)
        self.classes = nn.Linear(32 * 2 * 2, 10)

    def forward(self, activation):
        field = self.conv2(self.conv1(activation).relu()).relu()
        return self.classes(F.avg_pool2d(field, 2).flatten(1))


def papers(count, rng):
    """Soft patches of dark colours, [N,3,64,64] of 0..140: as in photographs, most of the variance is slow."""
    patches = torch.from_numpy(rng.uniform(0, 140, (count, 3, 3, 3))).float()
    return F.interpolate(patches, (SIDE, SIDE), mode="bilinear", align_corners=True)


def pictures(digits, rng, hand=0.0):
    """Digits [N,8,8] of 0..1, each drawn 44 to 64 pixels large in light ink on `papers`: [N,3,64,64] of 0..255.

    `hand` bends them as another hand might: turn and slant (radians), width against height and thickness (log).
    """
    count = len(digits)
    paper = papers(count, rng)
    ink = torch.from_numpy(rng.uniform(180, 255, (count, 3, 1, 1))).float()
    size = rng.uniform(44, SIDE, count)
    turn, slant, width = rng.normal(0, hand, (3, count))
    scale = np.stack([SIDE / size * np.exp(width / 2), SIDE / size * np.exp(-width / 2)], 1)
    theta = np.zeros((count, 2, 3), np.float32)
    theta[:, 0, 0], theta[:, 0, 1] = np.cos(turn), np.sin(slant - turn)
    theta[:, 1, 0], theta[:, 1, 1] = np.sin(turn), np.cos(turn)
    theta[:, :, :2] *= scale[:, :, None]
    theta[:, :, 2] = rng.uniform(-1, 1, (count, 2)) * ((SIDE - size) / size)[:, None]
    grid = F.affine_grid(torch.from_numpy(theta), (count, 1, SIDE, SIDE), align_corners=False)
    mask = F.grid_sample(torch.from_numpy(digits).float()[:, None], grid, align_corners=False)
    mask = mask ** torch.from_numpy(np.exp(rng.normal(0, 2 * hand, (count, 1, 1, 1)))).float()
    return (paper + (ink - paper) * mask).round()


@torch.no_grad()
def accuracy(head, tail, digits, labels):
    """Share of right answers over five drawings of each digit."""
    rng = np.random.default_rng(1)
    right = [(tail(head(pictures(digits, rng) - 128)).argmax(1).numpy() == labels).mean() for _ in range(5)]
    return float(np.mean(right))


def train(digits, labels, epochs, seed):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    head, tail = Head(), Tail()
    parameters = [*head.parameters(), *tail.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=3e-3, weight_decay=1e-2)
    steps = epochs * (len(digits) // 64)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
    for epoch in range(epochs):
        order = rng.permutation(len(digits))
        for batch in order[: len(order) // 64 * 64].reshape(-1, 64):
            logits = tail(head(pictures(digits[batch], rng, hand=0.15) - 128))
            loss = F.cross_entropy(logits, torch.from_numpy(labels[batch]), label_smoothing=0.02)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: loss {loss.item():.3f}", flush=True)
    return head.eval(), tail.eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--epochs", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    data = load_digits()
    digits, labels = data.images / 16, data.target
    head, tail = train(digits[:-HELD_OUT], labels[:-HELD_OUT], args.epochs, args.seed)
    shares = [accuracy(head, tail, digits[part], labels[part]) for part in (slice(-HELD_OUT), slice(-HELD_OUT, None))]
    print("accuracy: trained on {:.4f}, held out {:.4f}".format(*shares))
    os.makedirs(args.out, exist_ok=True)
    write_folder(args.out, head, tail, digits[-HELD_OUT:], labels[-HELD_OUT:])


if __name__ == "__main__":
    main()
