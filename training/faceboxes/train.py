"""Train the bundled face detector from random initialisation on a small CPU (PyTorch 1.13, OpenCV 4.6).

    train.py train --data FOLDER --val FOLDER --teacher FaceBoxesProd.pth   writes run/last.pt and run/best.pt
    train.py settle --data FOLDER --weights run/last.pt --out faceboxes.pt  batch-norm statistics anew, on 1024 x 1024
    train.py eval --weights faceboxes.pt --sets FOLDER                      FDDB-style average precision
    train.py export --weights faceboxes.pt --out FOLDER                     head.onnx and tail.onnx

Truth comes from two places. Human boxes supply the positives and their box targets. The published FaceBoxes (the
teacher) is run on every training crop and supplies a soft face probability for each prior, which also covers faces that
the annotators left out. The teacher's weights are never copied into the student.

Set MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=17179869184 when training: without them a third of the time goes into page
faults. The schedule follows the wall clock, so a repeat on another machine gives other weights even with the same seed.
"""

import argparse
import copy
import json
import math
import os
import time

import cv2
import numpy as np
import torch
import torch.multiprocessing as mp
import torch.nn as nn

from crops import Crops, load_coco
from evaluation import evaluate, load_fddb
from export import export
from loss import Criterion, box_style
from model import FaceBoxes, load_weights


def learning_rate(args, done):
    """Warm-up, then cosine to 1 % over the fraction of the time budget used."""
    warm = 0.01
    if done < warm:
        return args.lr * (0.05 + 0.95 * done / warm)
    return args.lr * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1, (done - warm) / (1 - warm)))))


def worker(rank, args, items, correction, grads, clock, barrier):
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    torch.manual_seed(args.seed)  # the same start everywhere
    net = FaceBoxes().initialise().to(memory_format=torch.channels_last)
    teacher = load_weights(args.teacher).to(memory_format=torch.channels_last).requires_grad_(False)
    crops = Crops(items, args.seed * 1000 + rank)
    criterion = Criterion(args, correction)
    decay = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    params = decay + plain
    opt = torch.optim.AdamW(
        [dict(params=decay, weight_decay=args.wd), dict(params=plain, weight_decay=0.0)], lr=args.lr
    )
    ema = copy.deepcopy(net).eval().requires_grad_(False)
    val = load_fddb(args.val) if rank == 0 else None
    start = time.time() if rank == 0 else 0
    step = seen = 0
    curve, log, best = [], np.zeros(3), 0.0
    next_eval = args.eval_every
    t0 = time.time()
    while True:
        if rank == 0:
            clock[0] = (time.time() - start) / (args.minutes * 60)
        barrier.wait()
        done = float(clock[0])
        if done >= 1:
            break
        for g in opt.param_groups:
            g["lr"] = learning_rate(args, done)
        side, n = (1024, args.batch // 4) if step % 4 == 3 else (512, args.batch)
        clean, dirty, boxes, vague = crops.batch(n, side)
        net.train()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=done < args.bf16_until):
            with torch.no_grad():
                t_loc, t_conf = teacher(clean)
            loc, conf = net(dirty)
        parts = criterion(loc.float(), conf.float(), t_loc.float(), t_conf.float(), boxes, vague, side)
        loss = args.box_weight * parts[0] + parts[1] + args.soft_weight * parts[2]
        opt.zero_grad(set_to_none=False)
        loss.backward()
        grads[rank] = torch.cat([p.grad.reshape(-1) for p in params])
        barrier.wait()
        mean = grads.mean(0)
        norm = float(mean.norm())
        mean *= min(1.0, args.clip / (norm + 1e-6))
        at = 0
        for p in params:
            p.grad.copy_(mean[at : at + p.numel()].view(p.shape))
            at += p.numel()
        opt.step()
        step += 1
        seen += n * args.workers
        if rank:
            continue
        k = min(args.ema, (1 + step) / (20 + step))
        with torch.no_grad():
            for e, v in zip(ema.state_dict().values(), net.state_dict().values()):
                e.lerp_(v, 1 - k) if e.is_floating_point() else e.copy_(v)
        log = 0.98 * log + 0.02 * np.array([float(x) for x in parts])
        if step % 100 == 0:
            fix = 1 - 0.98**step
            print(
                "%5.1f min step %d seen %d %.0f/s epoch %.1f lr %.5f box %.3f conf %.3f soft %.3f norm %.1f"
                % (
                    (time.time() - start) / 60,
                    step,
                    seen,
                    seen / (time.time() - t0),
                    seen / len(items),
                    opt.param_groups[0]["lr"],
                    *(log / fix),
                    norm,
                ),
                flush=True,
            )
        if time.time() - start > next_eval * 60:
            next_eval += args.eval_every
            ap = evaluate(ema, val)[0][0.5]
            curve.append(
                dict(
                    minute=round((time.time() - start) / 60, 1),
                    step=step,
                    crops=seen,
                    epoch=round(seen / len(items), 1),
                    lr=opt.param_groups[0]["lr"],
                    box=log[0],
                    conf=log[1],
                    soft=log[2],
                    val_ap50=ap,
                )
            )
            print("== val AP50 %.4f" % ap, flush=True)
            torch.save(ema.state_dict(), args.out + "/last.pt")
            if ap > best:
                best = ap
                torch.save(ema.state_dict(), args.out + "/best.pt")
            json.dump(curve, open(args.out + "/curve.json", "w"))
    if rank == 0:
        minutes = (time.time() - start) / 60
        torch.save(ema.state_dict(), args.out + "/last.pt")
        ap = evaluate(ema, val)[0][0.5]
        print("final AP50 %.4f" % ap, flush=True)
        json.dump(
            dict(
                curve=curve,
                minutes=minutes,
                steps=step,
                crops=seen,
                epochs=seen / len(items),
                crops_per_s=seen / minutes / 60,
                seed=args.seed,
                final_val_ap50=ap,
                args=vars(args),
            ),
            open(args.out + "/run.json", "w"),
            indent=1,
        )


def train(args):
    os.makedirs(args.out, exist_ok=True)
    items = load_coco(args.data)
    torch.set_num_threads(2)
    shift, grow, n = box_style(load_weights(args.teacher), items)
    print(
        "%d images; teacher -> human boxes over %d pairs: shift %s grow %s"
        % (len(items), n, shift.tolist(), grow.tolist()),
        flush=True,
    )
    size = sum(p.numel() for p in FaceBoxes().parameters())
    grads = torch.zeros(args.workers, size).share_memory_()
    clock = torch.zeros(1, dtype=torch.float64).share_memory_()
    ctx = mp.get_context("fork")
    barrier = ctx.Barrier(args.workers)
    jobs = [
        ctx.Process(target=worker, args=(r, args, items, (shift, grow), grads, clock, barrier))
        for r in range(args.workers)
    ]
    torch.set_num_threads(1)
    for j in jobs:
        j.start()
    for j in jobs:
        j.join()


@torch.no_grad()
def settle(args):
    """Running statistics that fit the averaged weights, from undisturbed training crops."""
    torch.set_num_threads(2)
    net, crops = load_weights(args.weights), Crops(load_coco(args.data), 99)
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.reset_running_stats()
            m.momentum = None  # plain mean over the batches
    net.train()
    for _ in range(40):
        net(crops.batch(8, 1024)[0])
    torch.save(net.state_dict(), args.out)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(dest="what", required=True)
    t = sub.add_parser("train")
    t.add_argument("--data", required=True, help="folder of annotations.json (COCO) and images/")
    t.add_argument("--val", required=True, help="folder of FDDB-folds/ and originalPics/")
    t.add_argument(
        "--teacher", required=True, help="weights of the published FaceBoxes: FaceBoxesProd.pth of cleardusk/3DDFA_V2"
    )
    t.add_argument("--out", default="run")
    t.add_argument("--minutes", type=float, default=60)
    t.add_argument("--eval-every", type=float, default=5)
    t.add_argument("--workers", type=int, default=2)
    t.add_argument("--batch", type=int, default=16, help="512-pixel crops per worker and step")
    t.add_argument("--lr", type=float, default=3e-3)
    t.add_argument("--wd", type=float, default=0.03)
    t.add_argument("--clip", type=float, default=10.0)
    t.add_argument("--ema", type=float, default=0.998)
    t.add_argument("--negatives", type=int, default=5)
    t.add_argument("--box-weight", type=float, default=2.0)
    t.add_argument("--iou-weight", type=float, default=1.0)
    t.add_argument("--extra-weight", type=float, default=0.5)
    t.add_argument("--soft-weight", type=float, default=2.0)
    t.add_argument("--bf16-until", type=float, default=0.92, help="fraction of the run")
    t.add_argument("--seed", type=int, default=1)
    b = sub.add_parser("settle")
    b.add_argument("--data", required=True)
    b.add_argument("--weights", default="run/last.pt")
    b.add_argument("--out", default="faceboxes.pt")
    e = sub.add_parser("eval")
    e.add_argument("--weights", nargs="+", required=True)
    e.add_argument("--sets", nargs="+", required=True)
    e.add_argument("--json")
    x = sub.add_parser("export")
    x.add_argument("--weights", default="faceboxes.pt")
    x.add_argument("--out", default=".")
    x.add_argument("--opset", type=int, default=17)
    args = p.parse_args()
    if args.what == "train":
        train(args)
    elif args.what == "settle":
        settle(args)
    elif args.what == "export":
        export(args)
    else:
        torch.set_num_threads(2)
        out = {}
        for s in args.sets:
            data = load_fddb(s)
            for w in args.weights:
                ap = evaluate(load_weights(w), data, (0.5, 0.4))[0]
                out.setdefault(s, {})[w] = dict(
                    images=len(data), faces=int(sum(len(b) for *_, b in data)), ap50=ap[0.5], ap40=ap[0.4]
                )
                print(s, w, out[s][w], flush=True)
        if args.json:
            json.dump(out, open(args.json, "w"), indent=1)


if __name__ == "__main__":
    main()
