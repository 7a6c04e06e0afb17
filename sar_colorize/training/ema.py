"""The running mean of a network's weights: less noisy than the weights of the last step."""

from __future__ import annotations

from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


def running_mean(network: nn.Module, decay: float) -> AveragedModel:
    """A copy of the network that `update_parameters` moves: mean' = decay mean + (1 - decay) weights, buffers too."""
    average = get_ema_multi_avg_fn(decay)
    return AveragedModel(network, multi_avg_fn=average, use_buffers=True)
