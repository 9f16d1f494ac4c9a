"""What a crop should have given: human boxes, and the teacher's outputs where humans left faces out."""

import numpy as np
import torch
import torch.nn.functional as F

from boxes import VAR_CENTRE, VAR_SIZE, diou_loss, encode, iou_matrix, priors
from evaluation import detect


def match(boxes, vague, pri):
    """Per prior: label (1 face, 0 background, -1 leave out) and its box."""
    label = torch.zeros(len(pri), dtype=torch.long)
    target = torch.zeros(len(pri), 4)
    corners = torch.cat([pri[:, :2] - pri[:, 2:] / 2, pri[:, :2] + pri[:, 2:] / 2], 1)
    if len(vague):
        label[iou_matrix(corners, vague).max(1)[0] > 0.2] = -1
    if len(boxes):
        m = iou_matrix(corners, boxes)
        best, which = m.max(1)
        first = m.max(0)[1]
        for g, p in enumerate(first.tolist()):  # every face gets its best prior
            best[p], which[p] = 1.0, g
        label[best >= 0.35] = 1
        target = boxes[which]
    return label, target


class Criterion:
    def __init__(self, args, correction):
        self.a = args
        self.shift, self.grow = correction  # teacher box -> human box style

    def __call__(self, loc, conf, t_loc, t_conf, boxes, vague, side):
        a, pri = self.a, priors(side)
        pairs = [match(b, v, pri) for b, v in zip(boxes, vague)]
        label = torch.stack([p[0] for p in pairs])
        target = torch.stack([p[1] for p in pairs])
        d = conf[..., 1] - conf[..., 0]  # face logit
        t = torch.sigmoid(t_conf[..., 1] - t_conf[..., 0])  # teacher's p(face)
        pos = label == 1
        n_pos = max(int(pos.sum()), 1)

        # 1. human labels, with hard negatives; not against a confident teacher
        neg_loss = F.softplus(d)
        rank = neg_loss.detach().masked_fill((label != 0) | (t > 0.4), -1).flatten()
        top = rank.topk(min(a.negatives * n_pos + 10, rank.numel()))
        hard = top.indices[top.values > 0]
        l_conf = (F.softplus(-d[pos]).sum() + neg_loss.flatten()[hard].sum()) / n_pos

        # 2. the teacher's probability on every prior; where a human marked a face,
        #    only upwards (the teacher misses many masked faces)
        soft = torch.where(pos, torch.maximum(t, torch.full_like(t, 0.9)), t)
        ent = -(soft * torch.log(soft.clamp(min=1e-6)) + (1 - soft) * torch.log((1 - soft).clamp(min=1e-6)))
        kl = F.binary_cross_entropy_with_logits(d, soft, reduction="none") - ent
        l_soft = (kl * (label >= 0)).sum() / max(float(soft.sum()), 1.0)

        # 3. boxes: human where matched, else the teacher's, made as tight as a human's
        l_box = loc.sum() * 0
        if pos.any():
            p = pri.expand(len(loc), -1, -1)[pos]
            want = target[pos]
            l_box = F.smooth_l1_loss(loc[pos], encode(want, p), reduction="sum") / n_pos
            got = self.decode_each(loc[pos], p)
            l_box = l_box + a.iou_weight * diou_loss(got, want).sum() / n_pos
        extra = (label == 0) & (t > 0.5)
        for k, b in enumerate(boxes):  # drop extras that are a known face
            if len(b) and extra[k].any():
                q = extra[k].nonzero()[:, 0]
                extra[k, q] = iou_matrix(self.decode_each(t_loc[k, q], pri[q]), b).max(1)[0] < 0.3
        if extra.any():
            q = t_loc[extra]
            size = torch.exp(q[:, 2:] * VAR_SIZE)
            q = torch.cat([q[:, :2] + self.shift * size / VAR_CENTRE, q[:, 2:] + torch.log(self.grow) / VAR_SIZE], 1)
            l_box = l_box + a.extra_weight * F.smooth_l1_loss(loc[extra], q, reduction="sum") / n_pos
        return l_box, l_conf, l_soft

    @staticmethod
    def decode_each(loc, pri):
        c = pri[:, :2] + loc[:, :2] * VAR_CENTRE * pri[:, 2:]
        h = pri[:, 2:] * torch.exp((loc[:, 2:] * VAR_SIZE).clamp(-3, 3)) / 2
        return torch.cat([c - h, c + h], 1)


def box_style(teacher, items, n=600):
    """Median shift (in box sizes) and growth from the teacher's boxes to human ones."""
    rows = []
    for it in [i for i in items if i["bare"] == len(i["boxes"])] + [i for i in items if i["bare"]][:n]:
        b, s = detect(teacher, it["image"], cut=0.5)
        if not len(b) or not len(it["boxes"]):
            continue
        m = iou_matrix(torch.from_numpy(b), torch.from_numpy(it["boxes"])).numpy()
        for k, j in enumerate(m.argmax(1)):
            if m[k, j] > 0.4:
                x, y = b[k], it["boxes"][j]
                w, h = x[2:] - x[:2], y[2:] - y[:2]
                rows.append(np.concatenate([(y[:2] + y[2:] - x[:2] - x[2:]) / 2 / w, h / w]))
    m = np.median(np.array(rows), 0).astype(np.float32)
    return torch.from_numpy(m[:2]), torch.from_numpy(m[2:]), len(rows)
