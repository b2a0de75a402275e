"""Every kind of observation, declared once: its payload, its family, how it is said to people.

A new kind is one entry here. Kinds of other people's packages (entry point `parcelproof.detectors`)
come from their own `kinds` module. `AnyObservation` is the union of all, discriminated by kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self, Union

from pydantic import Field, model_validator

from models import plugins
from models.footage import Samples, samples
from models.identifiers.number_format import IdKind
from models.identifiers.payloads import PayloadKind
from models.identifiers.symbologies import Symbology
from models.message import N_
from models.observation import Observation, declare, registry
from models.record import Corner, Count, Level, Outline, Record, Seconds, Share, Span, Word

# ------------------------------------------------------------------ breaks, in order of telling


class JumpScores(Record):
    """What weighed in a jump: log odds of the trees, the rule's sum, log ratios to neighbours."""

    odds: Level | None = None
    rule: Level
    residual_most: Level
    worst_most: Level
    motion_most: Level
    jerk_most: Level
    stays: Level
    returns: Level
    structure_most: Level
    key: Level


REMOVED = (N_("if two seconds were removed"), N_("if nothing was removed"))
JUMP_CAUSES = (
    N_("a very fast pan or knock"),
    N_("something passing close to the lens"),
    N_("a lamp or display switching"),
    N_("the phone changing to another lens"),
)


@declare(
    family="break",
    edges=("between",),
    says=N_("The picture jumps at {end}."),
    silence=N_("No jump was seen."),
    honest_causes=JUMP_CAUSES,
    measured=REMOVED,
)
class Cut(Observation):
    """The picture jumps as no hand-held camera moves."""

    kind: Literal["cut"] = "cut"
    scores: JumpScores


@declare(
    family="break",
    edges=("between",),
    says=N_("The picture may jump at {end}."),
    honest_causes=JUMP_CAUSES,
    measured=REMOVED,
)
class PossibleCut(Observation):
    """A jump that honest footage, too, shows now and then."""

    kind: Literal["possible_cut"] = "possible_cut"
    scores: JumpScores


@declare(
    family="break",
    edges=("between",),
    says=N_("What comes after {end} does not follow from what was there at {start}."),
    silence=N_("No cut was seen, hard or hidden."),
    measured=REMOVED,
    silence_measured=REMOVED[::-1],
    honest_causes=(
        *JUMP_CAUSES,
        N_("the phone stalled for a moment"),
    ),
)
class SoftJoin(Observation):
    """Pictures on either side of a short stretch differ as no motion explains.

    What lies between may be blended, blank, held or blurred. `odds`: log odds by the trees.
    """

    kind: Literal["soft_join"] = "soft_join"
    odds: Level


@declare(
    family="break",
    edges=("between",),
    says=N_("What comes after {end} may not follow from what was there at {start}."),
    measured=REMOVED,
    honest_causes=(
        *JUMP_CAUSES,
        N_("a lid or flap that opens or falls shut"),
        N_("the phone stalled for a moment"),
    ),
)
class PossibleJoin(Observation):
    """A soft join as honest footage, too, shows one now and then."""

    kind: Literal["possible_join"] = "possible_join"
    odds: Level


@declare(
    family="break",
    edges=("between",),
    says={
        "idr_pic_id": N_(
            "The encoder's own count of pictures jumps at {end} (idr_pic_id {before} then {after})."
        ),
        "frame_num": N_(
            "The encoder's own count of pictures jumps at {end} (frame_num {before} then {after})."
        ),
        "picture_order_count": N_(
            "The encoder's own count of pictures jumps at {end} "
            "(picture order count leaves out {left_out})."
        ),
    },
    silence=N_("The encoder's count of pictures goes on without a jump."),
    honest_causes=(
        N_("a recording paused and taken up again in the same file"),
        N_("a part of the file lost or repaired"),
    ),
    measured=(N_("if pictures were taken out of the stream"), N_("if none were")),
)
class CounterBreak(Observation):
    """A counter that an encoder keeps of its own pictures does not go on."""

    kind: Literal["counter_break"] = "counter_break"
    counter: Literal["idr_pic_id", "frame_num", "picture_order_count"]
    before: int | None = Field(
        None,
        ge=0,
        le=1 << 40,
    )
    after: int | None = Field(
        None,
        ge=0,
        le=1 << 40,
    )
    left_out: int | None = Field(
        None,
        ge=0,
        le=1 << 40,
    )

    @property
    def variant(self) -> str:
        """By which of its facts it is said."""
        return self.counter


@declare(
    family="break",
    edges=("start", "end"),
    says=N_("The whole picture fades out and in again around {start}."),
    silence=N_("The picture never fades out."),
    honest_causes=(N_("a lamp going out and on again"),),
    measured=(N_("if the film was faded out and in"), N_("if it was not")),
)
class Dip(Observation):
    """The contrast of the whole picture goes and comes back in place."""

    kind: Literal["dip"] = "dip"
    frames: Count


@declare(
    family="break",
    edges=("end",),
    says=N_("{length:.2f} s pass without a frame from {start}."),
    silence=N_("No gap in the time stamps."),
    honest_causes=(
        N_("the phone paused recording for a call"),
        N_("frames lost while the phone was busy"),
        N_("a damaged copy"),
    ),
    measured=(N_("if pictures were taken out and the time left open"), N_("if none were")),
)
class Gap(Observation):
    """A stretch of time without a frame, long against what is usual around it."""

    kind: Literal["gap"] = "gap"
    usual_step_s: Seconds


@declare(
    family="break",
    edges=("between",),
    says=N_("The clock of the file starts anew at {end}, as where two recordings are joined."),
    silence=N_("The clock of the file never starts anew."),
    honest_causes=(
        N_("a camera that begins a new part of its recording"),
        N_("a transmission that broke off and was taken up again"),
    ),
    measured=(N_("if recordings were joined"), N_("if none were")),
)
class ClockRestart(Observation):
    """Time stamps jump back by seconds; those told here go on."""

    kind: Literal["clock_restart"] = "clock_restart"


@declare(
    family="break",
    edges=("start", "end"),
    says=N_("The picture stands still from {start} to {end} while it moves before and after."),
    silence=N_("No stretch stands still."),
    honest_causes=(
        N_("the phone stalled for a moment"),
        N_("a conversion that filled missing frames"),
        N_("a tripod and nothing moving"),
    ),
    measured=(N_("if a picture was held for a while"), N_("if none was")),
)
class Freeze(Observation):
    """Mean change from picture to picture inside and around, grey levels."""

    kind: Literal["freeze"] = "freeze"
    change: Level
    around: Level


@declare(
    family="break",
    edges=("start",),
    says=N_("The pictures from {start} repeat those from {first_s:.1f} s."),
    silence=N_("No stretch repeats."),
    honest_causes=(
        N_("a conversion that repeated frames"),
        N_("a machine that moves in a cycle"),
    ),
    measured=(N_("if a piece was put in again"), N_("if none was")),
)
class Repeat(Observation):
    """Pictures that came before, from `first_s` on; `left`: share of the difference left."""

    kind: Literal["repeat"] = "repeat"
    first_s: Seconds
    left: Level


@declare(
    family="break",
    edges=("between",),
    says=N_("From {end} on a part of the picture stands still while the rest goes on moving."),
    silence=N_("No part of the picture stands still while the rest moves."),
    honest_causes=(N_("a stamp or sticker that an app lays over the picture while filming"),),
    measured=(N_("if something was laid over the picture"), N_("if nothing was")),
)
class Overlay(Observation):
    """A still rectangle of so many cells, from one instant on."""

    kind: Literal["overlay"] = "overlay"
    cells: Count


# ------------------------------------------------------------------ stretches to look at


@declare(
    family="cover",
    to_look_at=True,
    says=N_("The picture is one flat colour from {start} to {end}."),
)
class Blank(Observation):
    """Pictures whose luma hardly spreads."""

    kind: Literal["blank"] = "blank"
    frames: Count


@declare(
    family="cover",
    to_look_at=True,
    says=N_(
        "The view is hidden from {start} to {end} ({share:.0%} of it): "
        "look at what is different afterwards."
    ),
)
class Cover(Observation):
    """Something hides most of the view and then gives it back; `share` at the height of it."""

    kind: Literal["cover"] = "cover"
    share: Share


@declare(
    family="cover",
    says=N_("From {start} to {end} the picture is blurred or hidden: a cut could lie there."),
)
class Blurred(Observation):
    """Pictures that lose most of their detail and get it back; `left`: the least share of it."""

    kind: Literal["blurred"] = "blurred"
    left: Share


@declare(
    family="light",
    to_look_at=True,
    says=N_("The light changes at {end} ({step:.0f} grey levels), the picture goes on."),
)
class Light(Observation):
    """Brightness changes by `step` grey levels, the edges stay."""

    kind: Literal["light"] = "light"
    step: Level
    scores: JumpScores


@declare(
    family="sound",
    to_look_at=True,
    says=N_("The sound changes at {start}, too (as much as in {rarity:.1%} of the clip)."),
)
class SoundStep(Observation):
    """Sound changes where the picture jumps; `rarity`: share of instants that change as much."""

    kind: Literal["sound_step"] = "sound_step"
    rarity: Share


@declare(
    family="fact",
    to_look_at=True,
    says=N_(
        "The size of the picture changes at {end} from {before} to {after}, "
        "as where the phone is turned or the connection gets worse."
    ),
)
class SizeChange(Observation):
    """Pictures of another size follow, upright width x height."""

    kind: Literal["size_change"] = "size_change"
    before: Word
    after: Word


@declare(
    family="fact",
    to_look_at=True,
    says=N_("For {length:.2f} s from {start} nothing new is stored; then the picture goes on."),
)
class Pause(Observation):
    """A stretch without a picture after which it goes on as it was, as in a screen recording."""

    kind: Literal["pause"] = "pause"


@declare(
    family="fact",
    to_look_at=True,
    says=N_("From {end} on a strip along the edge stands still, as a recorder's stamp does."),
)
class Stamp(Observation):
    """A still strip along the upper or lower edge: time stamps and numbers are written there."""

    kind: Literal["stamp"] = "stamp"
    cells: Count


@declare(family="fact")
class Motion(Observation):
    """How much the picture moves over the whole clip, pixels of the small view."""

    kind: Literal["motion"] = "motion"
    levels: tuple[Level, ...] = Field((), max_length=1000)


class Trial(Record):
    """Two seconds taken out of this very clip on trial, from `at` on, joined in some way.

    `noticed`: it would stand out above all that is in the clip.
    """

    at: Seconds
    join: Literal["hard", "blended", "black"]
    noticed: bool


@declare(family="fact", own_place=True)
class JumpTrials(Observation):
    """Trials of hard joins, by how the picture jumps."""

    kind: Literal["jump_trials"] = "jump_trials"
    trials: tuple[Trial, ...] = Field((), max_length=1000)


@declare(family="fact", own_place=True)
class Trials(Observation):
    """Trials of every kind of join, by all that looks for cuts."""

    kind: Literal["trials"] = "trials"
    trials: tuple[Trial, ...] = Field((), max_length=1000)


# ------------------------------------------------------------------ the file


@declare(
    family="damage",
    says={
        "concealed": N_("{count} frame(s) with concealed errors."),
        "refused": N_("{count} packet(s) could not be decoded."),
        "cut_short": N_("The header promises {promised_s:.1f} s, {there_s:.1f} s are there."),
        "end_missing": N_("The end of the photo is missing."),
    },
    silence=N_("Every frame was decoded without an error."),
    honest_causes=(N_("an interrupted upload"), N_("a worn memory card")),
)
class Damaged(Observation):
    """Frames patched up, packets refused, or an end that is missing."""

    kind: Literal["damaged"] = "damaged"
    how: Literal["concealed", "refused", "cut_short", "end_missing"]
    count: Count = 0
    promised_s: Seconds = 0.0
    there_s: Seconds = 0.0

    @property
    def variant(self) -> str:
        return self.how


@declare(family="fact")
class Track(Observation):
    """Facts of the time stamps."""

    kind: Literal["track"] = "track"
    non_monotonic_dts: Count
    non_monotonic_dts_sound: Count
    overlaps: Count
    without_time: Count
    refused_packets: Count
    usual_step_s: Seconds
    longest_step_s: Seconds
    starts_s: Seconds
    sound_minus_picture_s: Seconds | None = None
    lengths_differ: bool | None = None
    picture_minus_header_s: Seconds


@declare(
    family="editing",
    says=N_("The file names the program {value}."),
    silence=N_("The file names no editing program; that alone confirms nothing."),
    honest_causes=(
        N_("the phone's share sheet or a chat app"),
        N_("compressing the file to fit an upload limit"),
    ),
)
class EditorTrace(Observation):
    """The name of a program that cuts and joins."""

    kind: Literal["editor_trace"] = "editor_trace"


@declare(
    family="editing",
    says={
        "plain": N_("The file's edit list plays its video in {pieces} piece(s)."),
        "rate": N_("The file's edit list plays its video in {pieces} piece(s) at rate {rate:g}."),
    },
    silence=N_("The edit list is plain."),
    honest_causes=(
        N_("a phone or chat app trimming start or end"),
        N_("sound and picture being aligned"),
    ),
)
class EditList(Observation):
    """A track played in pieces, or at another `rate` than 1."""

    kind: Literal["edit_list"] = "edit_list"
    pieces: Count
    rate: Level | None = None
    rates: tuple[Level, ...] = Field((), max_length=10_000)

    @property
    def variant(self) -> str:
        return "plain" if self.rate is None else "rate"


@declare(family="editing")
class Reencode(Observation):
    """Names of converting programs; re-encoding is not editing."""

    kind: Literal["reencode"] = "reencode"
    tools: tuple[Word, ...] = Field((), max_length=1000)


ProvenanceClass = Literal[
    "camera", "phone_export", "messenger", "remuxed", "reencoded", "editor", "unknown"
]
OriginSign = Literal[
    "",
    "beam_box",
    "gopro_tracks",
    "iphone_keys",
    "samsung_boxes",
    "core_media_without_keys",
    "android_muxer",
    "before_smartphones",
]


@declare(family="provenance")
class Provenance(Observation):
    """Where the file comes from, and the facts by which that is said. `value` is the class."""

    kind: Literal["provenance"] = "provenance"
    origin: ProvenanceClass
    container: Word
    brand: Word = ""
    boxes: tuple[Word, ...] = Field((), max_length=8)
    programs: tuple[Word, ...] = Field((), max_length=1000)
    sign: OriginSign = ""


@declare(
    family="provenance",
    says=N_(
        "The file is built as a phone's camera writes it, and no program that saved it anew has "
        "left a trace; who knows how can build such a file."
    ),
    measured=(
        N_("if it is as the camera wrote it"),
        N_("if a program saved it anew"),
    ),
)
class UntouchedCamera(Observation):
    """Boxes, tracks and keys as an iPhone's camera leaves them; `value`: the brand."""

    kind: Literal["untouched_camera"] = "untouched_camera"


CredentialsState = Literal["trusted", "unverified", "broken", "unreadable", "elsewhere"]


@declare(
    family="provenance",
    to_look_at=True,
    says={
        "trusted": N_("Content Credentials of {signer} are intact: the file is as it was signed."),
        "unverified": N_(
            "There are Content Credentials, but their signer is on no trust list: "
            "they confirm nothing."
        ),
        "broken": N_(
            "The Content Credentials do not fit the file: "
            "it was changed or damaged after it was signed."
        ),
        "unreadable": N_("There are Content Credentials that cannot be read."),
        "elsewhere": N_(
            "The Content Credentials are kept at another place; nothing is fetched here."
        ),
    },
)
class Credentials(Observation):
    """What a C2PA manifest is worth: `value` says it, `signer` only where it is vouched for."""

    kind: Literal["credentials"] = "credentials"
    value: CredentialsState
    codes: tuple[Word, ...] = Field((), max_length=1000)
    signer: Word = ""
    why: Word = ""

    @property
    def variant(self) -> str:
        return self.value


@declare(
    family="provenance",
    to_look_at=True,
    says=N_(
        "The file's own Content Credentials say that a program generated it ({value}); "
        "who signed it says so."
    ),
    honest_causes=(N_("the wrong file was handed in"),),
)
class Generated(Observation):
    """An intact C2PA manifest whose own actions name a generating source; `value`: its type."""

    kind: Literal["generated"] = "generated"


@declare(
    family="provenance",
    to_look_at=True,
    says={
        "c2pa": N_(
            "The file's own Content Credentials say that parts of it were generated ({value})."
        ),
        "xmp": N_("The file's own description names a generated source ({value})."),
        "png_text": N_("The file's own text is that of an image generator ({value})."),
    },
    honest_causes=(
        N_("a phone's editor that removes or sharpens things writes so, too"),
        N_("anyone can write such a line into a file"),
    ),
)
class GeneratorMark(Observation):
    """A line in the file that names a generator, of a part or unsigned. It weighs nothing."""

    kind: Literal["generator_mark"] = "generator_mark"
    how: Literal["c2pa", "xmp", "png_text"]

    @property
    def variant(self) -> str:
        return self.how


@declare(family="fact")
class Device(Observation):
    """What a file says of the device that made it; a place is present or absent, never which."""

    kind: Literal["device"] = "device"
    make: Word = ""
    model: Word = ""
    software: Word = ""
    time: Word = ""
    changed: Word = ""
    android: Word = ""
    encoder: Word = ""
    gps: Literal["present", "absent"] = "absent"


# ------------------------------------------------------------------ clarity

Lack = Literal["blurred", "dark", "overexposed", "small"]


class ClarityRules(Record):
    """House rules: gradients and grey levels 0..255, pixels."""

    sharpness: Level
    dark: Level
    bright: Level
    shorter_side: Count


class ClarityFacts(Observation):
    """Sharpness, exposure and size with the rules they are held to."""

    sharpness: Level
    sharpness_where: Literal["label", "whole clip"]
    brightness: Level
    width: Count
    height: Count
    house_rules: ClarityRules


@declare(
    family="clarity",
    says=N_(
        "Sharp, lit and large enough by this program's own rule; no platform says what clear means."
    ),
)
class Clear(ClarityFacts):
    """Holds to all rules."""

    kind: Literal["clear"] = "clear"


@declare(
    family="clarity",
    says=N_("By this program's own rule the picture is {lacks} ({width}x{height})."),
    honest_causes=(
        N_("a dim room or a lamp in view"),
        N_("a camera of low resolution, or a chat app that shrank the file"),
    ),
)
class Unclear(ClarityFacts):
    """Breaks the rules named in `lacks`."""

    kind: Literal["unclear"] = "unclear"
    lacks: tuple[Lack, ...] = Field(min_length=1, max_length=4)


@declare(family="clarity")
class Page(Observation):
    """Flat as a screen; `share` of the pixels have one grey level and its neighbours."""

    kind: Literal["page"] = "page"
    share: Share


@declare(family="fact", own_place=True)
class Fingerprint(Observation):
    """Perceptual hashes of the pictures, one a second, as hexadecimal."""

    kind: Literal["fingerprint"] = "fingerprint"
    hashes: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...] = Field(
        min_length=1, max_length=3600
    )


MOST_SAMPLES = 14_400  # an hour of them


@declare(family="fact", own_place=True)
class Footage(Observation):
    """What the pictures look like and what moves in them, 4 times a second: `models.footage`.

    `look`, `motion`: hashes as base64; `telling`: 1 or 0 a sample.
    """

    kind: Literal["footage"] = "footage"
    times_s: tuple[Seconds, ...] = Field(min_length=1, max_length=MOST_SAMPLES)
    look: str = Field(max_length=200 * MOST_SAMPLES)
    motion: str = Field(max_length=200 * MOST_SAMPLES)
    moved: tuple[Level, ...] = Field(max_length=MOST_SAMPLES)
    telling: str = Field(pattern=r"^[01]*$", max_length=MOST_SAMPLES)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        self.samples()
        return self

    def samples(self) -> Samples:
        """As numbers."""
        return samples(self.times_s, self.look, self.motion, self.moved, self.telling)


MOST_MOMENTS = 36_000  # an hour of them


@declare(family="fact", own_place=True)
class Moments(Observation):
    """Perceptual hashes of the pictures with their times from the first one on."""

    kind: Literal["moments"] = "moments"
    times_s: tuple[Seconds, ...] = Field(min_length=1, max_length=MOST_MOMENTS)
    hashes: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...] = Field(
        min_length=1, max_length=MOST_MOMENTS
    )


# ------------------------------------------------------------------ reading

Surface = Literal["return_label", "order_page", "outbound_label"]
Times = Annotated[tuple[Seconds, ...], Field(max_length=1000)]


@declare(family="identifier", own_place=True)
class Code(Observation):
    """A code's payload as encoded, every time it was read and by which families of readers.

    Once sealed, `value` is what may be told of it. Where that is not all, `digest` is that of the
    whole, and `pieces` are those of the numbers in it.
    """

    kind: Literal["code"] = "code"
    holds: PayloadKind | None = None
    digest: Word = ""
    pieces: tuple[Word, ...] = Field((), max_length=2000)
    symbology: Symbology
    frames: Count
    gs1: bool = False
    families: tuple[Word, ...] = Field(min_length=1, max_length=10)
    seen_s: Times
    best_s: Seconds
    outline: Outline | None = None


class PrintedNumber(Observation):
    """A number as voted from print. `weakest`: confidence of its least sure character.

    `families`: of readers that read it alike.

    `outlines`: where its own characters stand, in one line or two.
    """

    label: Word = ""
    role: Surface | None = None
    valid: bool | None = None
    confidence: Share
    weakest: Share
    settled: bool
    families: tuple[Word, ...] = Field((), max_length=4)
    frames: Count
    best_s: Seconds
    outlines: tuple[Outline, ...] = Field((), max_length=4)


@declare(family="identifier")
class TextId(PrintedNumber):
    """Beside a label word, or in a form specific enough to stand alone."""

    kind: Literal["text_id"] = "text_id"
    number_kind: IdKind


@declare(
    family="identifier",
    private=True,
    own_place=True,
)
class Token(PrintedNumber):
    """A bare number: no identifier by itself, and it may be anybody's."""

    kind: Literal["token"] = "token"


@declare(family="identifier", own_place=True)
class Sheet(Observation):
    """One label, page or paper in one picture, and the numbers and codes on it.

    `on_parcel`: share of it that a parcel's picture covers. `numbers` are squeezed, `codes` are
    named as their observations are.
    """

    kind: Literal["sheet"] = "sheet"
    surface: Surface | None = None
    on_parcel: Share
    numbers: tuple[Word, ...] = Field((), max_length=200)
    codes: tuple[Word, ...] = Field((), max_length=200)


@declare(family="identifier")
class Reader(Observation):
    """How print was read: by a reader of shorter reach that stood in for the usual one.

    Or by a single family, because the second could not be asked; `value` says why.
    """

    kind: Literal["reader"] = "reader"
    reach: Literal["limited", "single"] = "limited"


FactKind = Literal["date", "time", "weight", "amount", "status", "subtotal", "total", "address"]


@declare(family="fact", own_place=True)
class PrintedFact(Observation):
    """A date, weight, amount or status as printed; of an address only that it is there."""

    kind: Literal["fact"] = "fact"
    fact: FactKind
    unit: Word | None = None
    confidence: Share


# ------------------------------------------------------------------ the sides of the parcel

Container = Literal["box", "mailer", "unknown"]
SideStatus = Literal["clear", "poor", "never"]
SideLack = Literal["slanted", "hidden", "small", "blurred", "brief"]
Place = Literal["right", "left", "bottom", "top", "back", "front"]
"""Of a side on the parcel laid open: which is called the front is chance."""
Part = Annotated[int, Field(ge=1, le=6)]


class ParcelSide(Record):
    """One side on the track that counts. Sides are numbered as they were seen.

    `clear_s`: seconds in all; `spans`: when it was clear. `point`: a pixel on it at `best_s`, and
    the `outline` of what is seen of it there. `lack`: what a poor one lacked longest. `label`: most
    numbers were read on it.
    """

    part: Part
    opposite: Part
    place: Place
    status: SideStatus
    lack: SideLack | None = None
    label: bool = False
    clear_s: Seconds
    spans: tuple[Span, ...] = Field((), max_length=100)
    best_s: Seconds | None = None
    point: Corner | None = None
    outline: Outline | None = None


class CountLost(Record):
    """When the count was lost, and why: a cut or something before the lens, the parcel out of view,
    a leap to another place, or turned so that no side could be followed.
    """

    at_s: Seconds
    why: Literal["cut", "gone", "leapt", "unsure"]


@declare(family="side", own_place=True)
class Sides(Observation):
    """What was counted on the best unbroken track, which `at` is.

    `certainty`: probability that no side was taken for another on it. `whole`: share of all looks
    at a parcel that it holds. `lost`: where the count began anew, before it and after it.
    `breaks_known`: cuts and covers were looked for to the end.
    """

    kind: Literal["sides"] = "sides"
    container: Container
    certainty: Share
    whole: Share
    lost: tuple[CountLost, ...] = Field((), max_length=2)
    breaks_known: bool = True
    faces: tuple[ParcelSide, ...] = Field(min_length=6, max_length=6)


SHOWN = (N_("if so many sides were shown"), N_("if they were not"))


@declare(
    family="side",
    says=N_("Side {part} of the parcel is shown clearly from {start}, best at {best_s:.1f} s."),
    silence=N_("No further side of a parcel could be confirmed."),
    measured=SHOWN,
)
class Side(Observation):
    """One side of the parcel faces the camera, near, sharp and uncovered."""

    kind: Literal["side"] = "side"
    part: Part
    best_s: Seconds


@declare(
    family="side",
    says={
        "label": N_("The side opposite the label is not shown in this clip."),
        "known": N_(
            "The side opposite the one shown at {opposite_s:.1f} s is not shown in this clip."
        ),
        "neither": N_("Neither of two sides that are opposite each other is shown in this clip."),
    },
    honest_causes=(
        N_("the parcel lay on that side all the time"),
        N_("what was followed is not the parcel"),
    ),
    measured=(N_("if a side was not shown"), N_("if all were")),
)
class SideUnseen(Observation):
    """A side was never turned to the camera while the whole clip was followed."""

    kind: Literal["side_unseen"] = "side_unseen"
    part: Part
    label: bool = False
    opposite_s: Seconds | None = None

    @property
    def variant(self) -> str:
        if self.opposite_s is None:
            return "neither"
        return "label" if self.label else "known"


@declare(
    family="side",
    to_look_at=True,
    says=N_("No parcel was in view from {start} to {end}."),
    honest_causes=(N_("it was put down outside the picture for a moment"),),
)
class ParcelAway(Observation):
    """The parcel left the picture and came back, or another one did."""

    kind: Literal["parcel_away"] = "parcel_away"


# ------------------------------------------------------------------ said by link, never by the box

State = Literal["confirmed", "strong", "usable", "weak"]
Source = Literal["code", "text"]


OTHER_CAUSES = (
    N_("another parcel beside it"),
    N_("a box used before, with its old label on it"),
    N_("a slip in the number as the case names it"),
)
STANDS = (N_("if this number stands in the picture"), N_("if it does not"))
NEAR_EDITS = 2  # between a read and an expected number that are still called near


class LinkObservation(Observation):
    """The best reading of one sort. `digits`: so many tell apart the seller's own orders."""

    number_kind: Word
    state: State
    sources: tuple[Source, ...]
    frames: Count
    symbology: Symbology | None = None
    digits: Count

    @property
    def variant(self) -> str:
        moment = self.frames == 1 or self.at is None or round(self.at.end - self.at.start, 1) == 0
        return "once" if moment else "often"


@declare(
    family="identifier",
    by_link=True,
    says={
        "once": N_("{number_kind} {value} can be read at {start}."),
        "often": N_(
            "{number_kind} {value} can be read in {frames} pictures from {start} to {end}."
        ),
    },
    silence=N_("No order information could be read with certainty."),
    measured=STANDS,
)
class IdentifierRead(LinkObservation):
    """An order's number can be read."""

    kind: Literal["identifier_read"] = "identifier_read"


@declare(
    family="identifier",
    by_link=True,
    says={
        "once": N_("{number_kind} {value} is the expected one, read at {start}."),
        "often": N_(
            "{number_kind} {value} is the expected one, "
            "read in {frames} pictures from {start} to {end}."
        ),
        "unsure": N_(
            "{number_kind} {value} would be the expected number; "
            "it was read at {start}, but not surely enough."
        ),
    },
    silence=N_("The expected number was not read."),
    measured=STANDS,
)
class IdentifierExpected(LinkObservation):
    """It is the one that the operator expects."""

    kind: Literal["identifier_expected"] = "identifier_expected"

    @property
    def variant(self) -> str:
        return "unsure" if self.state in ("usable", "weak") else super().variant


@declare(
    family="identifier",
    by_link=True,
    says={
        "once": N_("{number_kind} {value} is not the expected one, read at {start}."),
        "often": N_(
            "{number_kind} {value} is not the expected one, "
            "read in {frames} pictures from {start} to {end}."
        ),
    },
    measured=STANDS,
    honest_causes=OTHER_CAUSES,
)
class IdentifierOther(LinkObservation):
    """It is another order's."""

    kind: Literal["identifier_other"] = "identifier_other"


@declare(
    family="identifier",
    by_link=True,
    says={
        "order_page": N_(
            "{number_kind} {value} is shown on an order page at {start}; "
            "that does not say whose parcel it is."
        ),
        "unknown": N_(
            "{number_kind} {value} was read at {start}, but it was not seen to stand on a label; "
            "that does not say whose parcel it is."
        ),
        "outbound": N_(
            "{number_kind} {value} was read at {start} from an outbound label; "
            "only the return label shows that it is this return."
        ),
        "several": N_(
            "{number_kind} {value} stands at {start} among several numbers of its kind "
            "on one sheet or in one code; that names no parcel."
        ),
        "beside": N_(
            "{number_kind} {value} was read at {start}, "
            "but the label in view bears another number than the expected one."
        ),
    },
    honest_causes=(N_("a label that was blurred, covered or not filmed"),),
)
class IdentifierElsewhere(LinkObservation):
    """The expected number, where it says nothing of whose parcel it is."""

    kind: Literal["identifier_elsewhere"] = "identifier_elsewhere"
    where: Literal["order_page", "unknown", "outbound", "several", "beside"]

    @property
    def variant(self) -> str:
        return self.where


@declare(
    family="identifier",
    by_link=True,
    says={
        "near": N_(
            "{number_kind}: expected {expected}, read {value} at {start}: "
            "{edits} character(s) differ, first at place {place}. Check what you typed."
        ),
        "other": N_("{number_kind}: expected {expected}, read {value} at {start}."),
    },
    honest_causes=OTHER_CAUSES,
)
class IdentifierContrary(LinkObservation):
    """Another number of a kind that is expected, on a label in view."""

    kind: Literal["identifier_contrary"] = "identifier_contrary"
    expected: Word
    edits: Count
    place: Count
    slip: bool = Field(False, description="it may be a slip of reading or typing")

    @property
    def variant(self) -> str:
        return "near" if self.slip else "other"


@declare(
    family="fact",
    by_link=True,
    says=N_("The status read is: {value}."),
    silence=N_("No status of a delivery was read."),
    measured=STANDS,
)
class StatusShown(Observation):
    """A status of a delivery is printed."""

    kind: Literal["status_shown"] = "status_shown"


@declare(
    family="fact",
    by_link=True,
    says=N_("The status read is: {value}. That is not what the reason says."),
    measured=STANDS,
    honest_causes=(
        N_("a page of an earlier or later day"),
        N_("another reason would fit better"),
    ),
)
class StatusOther(Observation):
    """A status of a delivery is printed, and none that fits the reason of the case."""

    kind: Literal["status_other"] = "status_other"


@declare(
    family="fact",
    by_link=True,
    says=N_("Dates and times were read: {value}."),
    silence=N_("No date was read."),
    measured=STANDS,
)
class TimesShown(Observation):
    """A date is printed, with a time of day beside it or not."""

    kind: Literal["times_shown"] = "times_shown"


@declare(
    family="fact",
    by_link=True,
    says=N_("A weight was read: {value}."),
    silence=N_("No weight was read, or several of which none stands beside the parcel's number."),
    measured=STANDS,
)
class WeightRead(Observation):
    """The parcel's weight is printed; of several the one in the row of its number."""

    kind: Literal["weight_read"] = "weight_read"


@declare(
    family="fact",
    by_link=True,
    says=N_(
        "The weight read, {value}, agrees with the {expected} of the product page "
        "(house rule: within {tolerance:.0%})."
    ),
)
class WeightAgrees(Observation):
    """It lies within the tolerance of what the product page says."""

    kind: Literal["weight_agrees"] = "weight_agrees"
    expected: Word
    tolerance: Share


@declare(
    family="fact",
    by_link=True,
    says=N_(
        "The weight read, {value}, differs from the {expected} of the product page "
        "(house rule: by more than {tolerance:.0%})."
    ),
    honest_causes=(
        N_("packing material that the product page does not count"),
        N_("a slip in the weight as the case names it"),
        N_("several parcels on one receipt"),
    ),
)
class WeightDisagrees(Observation):
    """It lies outside the tolerance of what the product page says."""

    kind: Literal["weight_disagrees"] = "weight_disagrees"
    expected: Word
    tolerance: Share


Name = Annotated[str, Field(max_length=4096)]
Turned = Literal["as_is", "mirrored", "turned"]
SHARED = (
    N_("one recording shows the parcels of several orders"),
    N_("the same case was handed in twice, under another name"),
    N_("the platform or the carrier uses one picture for several cases"),
)


class ElsewhereToo(Observation):
    """The other submission, its file, where in it (seconds), and how the pictures lie there.

    `sure`: it is the same recording, as far as was measured. `right`: a person found it right.
    """

    other: Name
    other_file: Name
    there: Span | None = None
    turned: Turned = "as_is"
    moments: Count = 0
    sure: bool = False
    right: bool = False


@declare(
    family="fact",
    by_link=True,
    says={
        "file": N_(
            "The same file was handed in with {other} as {other_file}; a person must look at both."
        ),
        "footage": N_(
            "What is seen from {start} to {end} stands in {other}, {other_file}, too, from "
            "{there_start} to {there_end} ({moments} moments agree); a person must look at both."
        ),
    },
    honest_causes=SHARED,
)
class Reused(ElsewhereToo):
    """The same recording stands in another case: both are named, and they are not one."""

    kind: Literal["reused"] = "reused"

    @property
    def variant(self) -> str:
        return "footage" if self.at else "file"


@declare(
    family="fact",
    by_link=True,
    says={
        "right": N_(
            "The same is seen in {other}, {other_file}; a person looked at both and found it right."
        ),
        "same_file": N_(
            "The same file was handed in with {other} as {other_file}; whether for the same case "
            "nobody said."
        ),
        "same_footage": N_(
            "What is seen from {start} to {end} stands in {other}, {other_file}, too, from "
            "{there_start} to {there_end} ({moments} moments agree); whether for the same case "
            "nobody said."
        ),
        "footage": N_(
            "What is seen from {start} to {end} may stand in {other}, {other_file}, too, from "
            "{there_start} to {there_end} ({moments} moments agree, too few to be sure); a person "
            "must look at both."
        ),
        "view": N_(
            "The same view is seen in {other}, {other_file}; a person must look whether it is the "
            "same picture."
        ),
    },
    honest_causes=(*SHARED, N_("the same place, filmed from the same stand")),
)
class ReusedPerhaps(ElsewhereToo):
    """It may be the same recording, or only the same view; or nobody said whether for one case."""

    kind: Literal["reused_perhaps"] = "reused_perhaps"

    @property
    def variant(self) -> str:
        if self.right:
            return "right"
        if self.sure:
            return "same_footage" if self.at else "same_file"
        return "footage" if self.at else "view"


@declare(
    family="identifier",
    by_link=True,
    says=N_("All {count} tracking numbers of the order were read."),
    silence=N_("Not every tracking number of the order was read, or they were not named."),
    measured=STANDS,
)
class PackagesNumbered(Observation):
    """A page bears every tracking number of the order."""

    kind: Literal["packages_numbered"] = "packages_numbered"
    count: Count


# ------------------------------------------------------------------ all of them

plugins.load_kinds()

if TYPE_CHECKING:
    AnyObservation = Observation
else:
    ALL = tuple(registry.values())  # known at run time only
    AnyObservation = Annotated[Union[ALL], Field(discriminator="kind")]  # noqa: UP007


def unknown_kinds(names: tuple[str, ...]) -> list[str]:
    """Names of kinds or families that nothing declares."""
    families = {f"family:{kind.about.family}" for kind in registry.values()}
    return [name for name in names if name not in registry and name not in families]


def expand(names: tuple[str, ...]) -> tuple[str, ...]:
    """Kinds named one by one or as `family:NAME`, each once, in order."""
    kinds: dict[str, None] = {}
    for name in names:
        whole, _, family = name.partition("family:")
        if family:
            some = [k for k, kind in registry.items() if kind.about.family == family]
            kinds |= dict.fromkeys(some)
        else:
            kinds[whole] = None
    return tuple(kinds)
