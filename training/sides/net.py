"""The two networks: one finds the parcel in the whole picture, one reads normals and axes in a square around it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Step(nn.Module):
    """A 3x3 convolution with batch norm and SiLU; halves the size where `stride` is 2."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return functional.silu(self.norm(self.conv(x)))


class Block(nn.Module):
    """Two steps around which the input passes."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = Step(width, width)
        self.second = Step(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(self.first(x))


class Body(nn.Module):
    """Down to an eighth (or sixteenth) and back up to a quarter of the input, with what was there before added."""

    def __init__(self, widths: tuple[int, int, int, int]) -> None:
        super().__init__()
        a, b, c, d = widths
        self.stem = nn.Sequential(Step(3, a, 2), Step(a, b, 2))
        self.quarter = Block(b)
        self.eighth = nn.Sequential(Step(b, c, 2), Block(c), Block(c))
        self.sixteenth = nn.Sequential(Step(c, d, 2), Block(d), Block(d))
        self.whole = nn.Linear(d, d)
        self.up_eighth = nn.Conv2d(d, c, 1)
        self.up_quarter = nn.Conv2d(c, b, 1)
        self.mend_eighth = Block(c)
        self.mend_quarter = Block(b)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(a quarter of the input's size, `b` channels; the whole as one vector)."""
        quarter = self.quarter(self.stem(x))
        eighth = self.eighth(quarter)
        deep = self.sixteenth(eighth)
        whole = functional.silu(self.whole(deep.mean(dim=(2, 3))))
        deep = deep + whole[:, :, None, None]
        eighth = self.mend_eighth(eighth + self.up_eighth(functional.interpolate(deep, size=eighth.shape[2:], mode="nearest")))
        return self.mend_quarter(quarter + self.up_quarter(functional.interpolate(eighth, size=quarter.shape[2:], mode="nearest"))), whole


class Mask(nn.Module):
    """(n, 3, 144, 256), 0..1 -> probability of parcel, (n, 1, 36, 64)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Body((20, 40, 64, 96))
        self.head = nn.Conv2d(40, 1, 1)

    def logits(self, picture: Tensor) -> Tensor:
        return self.head(self.body(picture - 0.45)[0])  # type: ignore[no-any-return]

    def forward(self, picture: Tensor) -> Tensor:
        return torch.sigmoid(self.logits(picture))


class Axes(nn.Module):
    """(n, 3, 128, 128), 0..1 -> mask (n, 1, 32, 32), mailer (n, 1), unit normals (n, 3, 32, 32), tensor of the axes (n, 15)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Body((24, 48, 80, 112))
        self.cells = nn.Conv2d(48, 1 + 3 + 15, 1)
        self.whole = nn.Linear(112, 1 + 15)

    def raw(self, crop: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """(mask and mailer before the sigmoid, normals before they have unit length, tensor by cell and of the whole)."""
        quarter, whole = self.body(crop - 0.45)
        cells, said = self.cells(quarter), self.whole(whole)
        return cells[:, :1], said[:, :1], cells[:, 1:4], cells[:, 4:], said[:, 1:]

    def forward(self, crop: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        mask, mailer, normals, cells, whole = self.raw(crop)
        share = torch.sigmoid(mask)
        weight = share * (share > 0.5)
        mean = (cells * weight).sum(dim=(2, 3)) / (weight.sum(dim=(2, 3)) + 1e-3)
        return share, torch.sigmoid(mailer), functional.normalize(normals, dim=1), (mean + whole) / 2
