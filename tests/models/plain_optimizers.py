"""The optimizers and schedules of plain PyTorch with the numbers of a configuration, to compare packs with."""

from __future__ import annotations

import math

import torch
from torch.optim import lr_scheduler


class Lion(torch.optim.Optimizer):
    """Lion as its paper has it (Chen et al. 2023, algorithm 2): PyTorch has none."""

    def __init__(self, parameters, lr, betas, weight_decay):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                state = self.state[parameter]
                mean = state.setdefault("mean", torch.zeros_like(parameter))
                first, second = group["betas"]
                direction = (first * mean + (1 - first) * parameter.grad).sign()
                parameter -= group["lr"] * (direction + group["weight_decay"] * parameter)
                mean.mul_(second).add_(parameter.grad, alpha=1 - second)


def plain_optimizer(c, parameters):
    """Make the optimizer of a configuration."""
    shared = {"lr": c.learning_rate, "weight_decay": c.weight_decay}
    moments = {**shared, "betas": (c.beta1, c.beta2)}
    match c.optimizer:
        case "sgd":
            # PyTorch refuses Nesterov's form without momentum; the formula then gives plain SGD.
            return torch.optim.SGD(
                parameters, momentum=c.momentum, nesterov=c.nesterov and c.momentum > 0, foreach=False, **shared
            )
        case "adam":
            return torch.optim.Adam(parameters, eps=c.epsilon, foreach=False, **moments)
        case "adamw":
            return torch.optim.AdamW(parameters, eps=c.epsilon, foreach=False, **moments)
        case "nadam":
            return torch.optim.NAdam(parameters, eps=c.epsilon, foreach=False, **moments)
        case "rmsprop":
            return torch.optim.RMSprop(
                parameters, alpha=c.alpha, eps=c.epsilon, momentum=c.momentum, foreach=False, **shared
            )
        case "lion":
            return Lion(parameters, **moments)
    raise ValueError(c.optimizer)


def plain_scheduler(c, optimizer, total):
    """Make the scheduler of a configuration, to be stepped after each of `total` steps."""
    if c.schedule == "one-cycle":
        return lr_scheduler.OneCycleLR(optimizer, c.learning_rate, total_steps=total, cycle_momentum=False)
    warm = round(c.warmup * total)
    rest = total - warm
    if c.schedule == "cosine":
        scheduler = lr_scheduler.CosineAnnealingLR(optimizer, rest)
    elif c.schedule == "step":
        moments = [math.ceil(rest * drop / (c.drops + 1)) for drop in range(1, c.drops + 1)]
        scheduler = lr_scheduler.MultiStepLR(optimizer, moments, c.drop_factor)
    else:
        scheduler = lr_scheduler.ConstantLR(optimizer, 1.0)
    if not warm:
        return scheduler
    rising = lr_scheduler.LinearLR(optimizer, 1 / (warm + 1), total_iters=warm)
    return lr_scheduler.SequentialLR(optimizer, [rising, scheduler], [warm])
