"""The sentences of a report, as messages: facts, never verdicts on people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from models.answers import Answer
from models.card import Measured
from models.containers import MediaKind
from models.kinds import ElsewhereToo, Provenance, StatusOther, StatusShown, Trial
from models.message import N_, NOTHING, Arguments, Message, paragraph
from models.observation import Observation, registry
from models.policy import Citation
from pipeline.wording import words

LIMITS = (
    N_(
        "It cannot show what happened outside the picture, before or after it, "
        "or inside a sealed box."
    ),
    N_(
        "A staged scene can be continuous, and anyone can print a label: "
        "this says what was seen, not that it is true."
    ),
    N_("This is not a decision about anyone; a person decides."),
)
SIGNS = {
    "beam_box": N_("box beam, as WhatsApp writes it"),
    "gopro_tracks": N_("GoPro tracks"),
    "iphone_keys": N_("camera make and model as an iPhone writes them"),
    "samsung_boxes": N_("boxes as a Samsung camera writes them"),
    "core_media_without_keys": N_("Core Media tracks without camera keys"),
    "android_muxer": N_("Android's muxer"),
    "before_smartphones": N_("as phones and compact cameras wrote before smartphones"),
}
MOST_NAMED = 20  # files named in one sentence
UNKNOWN = "?"  # a time or figure that is not told
LISTS = (
    "",
    "{a}",
    N_("{a}, {b}"),
    N_("{a}, {b}, {c}"),
    N_("{a}, {b}, {c}, {d}"),
)


def seconds(value: float) -> str:
    """1:02.4 or 4.2 s."""
    tenths = round(value * 10)
    if tenths < 600:
        return f"{tenths / 10:.1f} s"
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"


def plain(text: object) -> str:
    """Text from outside, without control or direction characters.

    Nor what stands for undecodable bytes in file names.
    """
    kept = (c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))
    return "".join(kept)


def because(seen: Observation, kind: MediaKind | None = "video") -> Message:
    """One sentence: what was seen, when; in a document on which page. By what its kind declares."""
    says = seen.about.says
    template = says if isinstance(says, str) else says.get(seen.variant, "")
    if not template:
        return Message(id="{kind}: {value}", args={"kind": seen.kind, "value": seen.value or ""})
    if kind == "image":
        template = of_still(template)
    return Message(id=template, args=_arguments(seen, paged=kind == "document"))


def of_still(template: str) -> str:
    """A sentence of a moment as it is said of a photo, which has none."""
    for moment_of_it in (", read at {start}", " at {start}"):
        template = template.replace(moment_of_it, "")
    return template


def moment(pts: float, paged: bool = False) -> Message:
    """When it is, or in a document on which page."""
    if paged:
        return Message(id=N_("page {number}"), args={"number": int(pts) + 1})
    return Message(id="{at}", args={"at": seconds(pts)})


def _arguments(seen: Observation, paged: bool) -> Arguments:
    """All that a kind's sentence may name: its value, times, and whatever it states."""
    args: Arguments = {
        "value": plain(seen.value or ""),
        "start": UNKNOWN,
        "end": UNKNOWN,
    }
    if isinstance(seen, (StatusShown, StatusOther)):
        args["value"] = statuses(seen.value or "")
    args["length"] = 0.0
    if seen.at is not None:
        ends = {"start": seen.at.start, "end": seen.at.end}
        args |= {name: moment(pts, True) if paged else seconds(pts) for name, pts in ends.items()}
        length = seen.at.end - seen.at.start
        args["length"] = round(length, 6)
    if isinstance(seen, ElsewhereToo) and seen.there is not None:
        args["there_start"] = seconds(seen.there.start)
        args["there_end"] = seconds(seen.there.end)
    for name, value in seen.payload().items():
        if name == "number_kind":
            args[name] = words.noun(value)
        elif name == "lacks":
            named = [words.LACK[lack] for lack in value]
            args[name] = _listed(named)
        elif isinstance(value, str):
            args[name] = plain(value)
        elif isinstance(value, (int, float)):
            args[name] = value
        elif value is None:
            args[name] = UNKNOWN
    return args


def statuses(value: str) -> Message:
    """Statuses of a delivery in words, the first four."""
    return _listed([words.STATUS.get(one, one) for one in value.split(", ")][:4])


def stated(kind: str, value: str) -> Message:
    """A fact as printed, in words where it is one of a closed list."""
    word = words.STATUS.get(value) if kind == "status" else None
    if kind == "address":
        word = words.PRESENT
    return Message(id=word) if word else Message(id="{value}", args={"value": plain(value)})


def _listed(some: Iterable[str]) -> Message:
    """Up to four words in a row."""
    names = tuple(some)
    args: Arguments = {
        letter: Message(id=name) for letter, name in zip("abcd", names, strict=False)
    }
    return Message(id=LISTS[len(names)], args=args)


def silence(
    kind: str,
    measured: Measured,
    anything_expected: bool,
    weighs: bool = True,
    tried: Sequence[Trial] = (),
) -> Message:
    """What it means that nothing of `kind` was seen; nothing where it weighs nothing.

    `tried`: the cuts that were tried on the clip.
    """
    if kind not in registry:
        return NOTHING  # a policy may ask for what nobody here sees yet
    about = registry[kind].about
    if kind == "identifier_expected" and not anything_expected:
        return Message(id=N_("Nobody said which order is expected."))
    said = Message(id=about.silence)
    if about.family == "break" and not weighs:
        return paragraph(said, Message(id=COULD_HIDE)) if said else said
    if measured.stratum:
        return paragraph(said, cuts_tried(tried), Message(id=NOT_TRIED))
    return said


def cuts_tried(tried: Sequence[Trial]) -> Message:
    """What the cuts that were tried on a clip say of it."""
    return Message(
        id=TRIED,
        args={"places": len(tried), "noticed": sum(one.noticed for one in tried)},
    )


TRIED = N_(
    "On trial, two seconds were taken out of this very clip at {places} places: as a hard cut, "
    "behind one to eight blended pictures, behind black ones. At {noticed} of them it would have "
    "stood out above everything that is in the clip."
)
NOT_TRIED = N_("Not tried were slow blends and morphs: a cut behind those may go unnoticed.")
COULD_HIDE = N_(
    "But in this clip one could hide: it is short, or for a moment blank, blurred, covered, paused "
    "or not to be decoded. So that says nothing."
)


def source(cited: Citation) -> Message:
    """Where a sentence stands: title, date, line."""
    args: Arguments = {
        "title": cited.title,
        "as_of": Message(id=words.UNDATED) if cited.as_of == "undated" else cited.as_of,
        "line": cited.line,
    }
    if not cited.line:
        return Message(id=N_("{title}, {as_of}"), args=args)
    return Message(id=N_("{title}, {as_of}, line {line}"), args=args)


def quoted(cited: Citation, language: str) -> str:
    """A sentence to the letter, and its rendering where it is of another language."""
    if cited.language == language or not cited.rendering:
        return f"“{cited.quote}”"
    return f"“{cited.quote}” {cited.rendering}"


def honest_causes(seen: Observation) -> tuple[Message, ...]:
    """What else could explain it."""
    return tuple(Message(id=cause) for cause in seen.about.honest_causes)


def more_breaks(count: int) -> Message:
    """Those that are not told one by one at the top."""
    return Message(id=N_("{count} further place(s) to look at."), args={"count": count})


def seen_in_ways(ways: int) -> tuple[Message, ...]:
    """Said where ways of looking that share no cause agree."""
    if ways < 2:
        return ()
    return (Message(id=N_("{ways} independent ways of looking agree."), args={"ways": ways}),)


def nothing_handed_in(slot: str) -> Message:
    """A place of the case that no exhibit fills."""
    return Message(id=N_("{slot}: nothing handed in."), args={"slot": Message(id=slot)})


def contradiction(one: str, other: str) -> Message:
    """One bears the expected number, the other another one."""
    return Message(
        id=N_(
            "{one} and {other} contradict each other: the label in one bears the expected number, "
            "that in the other does not."
        ),
        args={"one": plain(one), "other": plain(other)},
    )


def two_things(
    one: str,
    other: str,
    role: str,
    other_role: str,
) -> Message:
    """One recording that was handed in under two roles."""
    return Message(
        id=N_("{one} and {other} are one recording, handed in as {role} and as {other_role}."),
        args={
            "one": plain(one),
            "other": plain(other),
            "role": words.role_word(role),
            "other_role": words.role_word(other_role),
        },
    )


def different_orders(one: str, other: str) -> Message:
    return Message(
        id=N_("{one} and {other} bear the IDs of different orders."),
        args={"one": plain(one), "other": plain(other)},
    )


RESULT_PARTS = (
    ("contrary", N_("{n} seen not to be met")),
    ("unsure", N_("{n} could not be confirmed")),
    ("unchecked", N_("{n} not checked")),
    ("human", N_("{n} only for your eyes")),
)
RESULTS = (
    N_("Shows {met} of {whole} things the policy asks for."),
    N_("Shows {met} of {whole} things the policy asks for; {a}."),
    N_("Shows {met} of {whole} things the policy asks for; {a}; {b}."),
    N_("Shows {met} of {whole} things the policy asks for; {a}; {b}; {c}."),
    N_("Shows {met} of {whole} things the policy asks for; {a}; {b}; {c}; {d}."),
)


def result(met: int, counts: Mapping[str, int]) -> Message:
    """The report's first sentence. `counts`: contrary, unsure, unchecked, human."""
    args: Arguments = {"met": met, "whole": met + sum(counts.values())}
    parts = [(counts[name], template) for name, template in RESULT_PARTS]
    told = [(count, template) for count, template in parts if count]
    for letter, (count, template) in zip("abcd", told, strict=False):
        args[letter] = Message(id=template, args={"n": count})
    return Message(id=RESULTS[len(told)], args=args)


def end_missing(path: str) -> Message:
    """The upload is not all that was filmed."""
    return Message(
        id=N_("The end of {path} is missing, as where an upload was cut off."),
        args={"path": plain(path)},
    )


def role_note(role: str, source: str | None) -> Message:
    """How the role was arrived at, where nobody gave it."""
    title = words.role_word(role)
    if source == "assumed":
        return Message(id=UNDECIDED)
    if source == "guessed" and role == "unpacking_video":
        template = N_("Judged as a {title}, guessed from the return label in it (use --role).")
    elif source == "guessed":
        template = N_("Judged as a {title}, guessed from what it shows (use --role).")
    else:
        return NOTHING
    return Message(id=template, args={"title": title})


def nobody_looks(title: Message) -> Message:
    """No detector there is sees what the line asks for."""
    return Message(id=N_("{title}: nothing here looks at this yet."), args={"title": title})


def not_looked_at(
    title: Message,
    path: str,
    role: str,
    policy: str,
) -> Message:
    """A detector could see it, but did not run: the command that would look."""
    return Message(
        id=N_(
            "{title}: not looked at here; "
            "`python -m pipeline score {path} --role {role} --policy {policy}` would."
        ),
        args={
            "title": title,
            "path": plain(path),
            "role": role,
            "policy": policy,
        },
    )


def other_tracks(count: int) -> Message:
    """The film has further pictures that a player may show."""
    return Message(
        id=N_("The file has {count} further video track(s), which nothing here looks at."),
        args={"count": count},
    )


def other_pictures(count: int) -> Message:
    """A photo that moves."""
    return Message(
        id=N_("The photo is an animation; only the first of its {count} pictures was looked at."),
        args={"count": count},
    )


def other_pages(count: int, looked_at: int) -> Message:
    """A document that is longer than the limit."""
    return Message(
        id=N_(
            "The document has {count} pages; the first {looked_at} were looked at (--limit pages=)."
        ),
        args={"count": count, "looked_at": looked_at},
    )


def one_family(why: str) -> Message:
    """The second reader of print could not be asked."""
    return Message(
        id=N_("Print was read by one family of readers only, so no number rests on two: {why}."),
        args={"why": plain(why)},
    )


def run_not_completed(
    detector: str,
    outcome: str,
    reason: str,
) -> Message:
    return Message(
        id=N_("{detector} {outcome}: {reason}"),
        args={
            "detector": detector,
            "outcome": Message(id=words.OUTCOME.get(outcome, outcome)),
            "reason": plain(reason),
        },
    )


def about_exhibit(path: str, said: Message) -> Message:
    return Message(id="{path}: {said}", args={"path": plain(path), "said": said})


def provenance_facts(seen: Provenance) -> tuple[Message, ...]:
    """The facts by which an origin is told, one sentence each."""
    facts = []
    if seen.brand:
        brand = plain(seen.brand)
        facts.append(Message(id=N_("brand {brand}"), args={"brand": brand}))
    else:
        args: Arguments = {"container": plain(seen.container)}
        facts.append(Message(id=N_("container {container}"), args=args))
    if seen.boxes:
        boxes = plain(" ".join(seen.boxes))
        facts.append(Message(id=N_("boxes {boxes}"), args={"boxes": boxes}))
    named = N_("names {name}")
    facts += [Message(id=named, args={"name": plain(name)}) for name in seen.programs]
    if seen.sign:
        facts.append(Message(id=SIGNS[seen.sign]))
    return tuple(facts)


def caption(
    what: str,
    pts: float,
    kind: MediaKind | None,
) -> Message:
    """Below a key frame; a photo has no time."""
    if kind == "image":
        return Message(id=N_("identifiers") if what == "read" else N_("the photo"))
    templates = {
        "read": N_("identifiers, at {at}"),
        "before": N_("before a break, at {at}"),
        "after": N_("after a break, at {at}"),
        "side": N_("a side of the parcel, at {at}"),
    }
    template = templates.get(what, N_("at {at}"))
    return Message(id=template, args={"at": moment(pts, kind == "document")})


def identifier_why(
    symbology: str,
    frames: int,
    families: Iterable[str],
) -> Message:
    """On what a number read from a code rests."""
    return Message(
        id=N_("{symbology} in {frames} picture(s), read by {families}"),
        args={
            "symbology": symbology,
            "frames": frames,
            "families": ", ".join(families),
        },
    )


def printed_why(label: str, valid: bool | None) -> Message:
    """On what a number read from print rests."""
    if label:
        return Message(id=N_("printed beside '{label}'"), args={"label": plain(label)})
    return Message(id=N_("its check digit holds") if valid else N_("its form is specific"))


def withheld(holds: str | None, digest: str) -> Message:
    """Beside a code's value, where not all of the payload is told."""
    return Message(
        id=N_("holds: {what}; private, so not told (digest {digest})"),
        args={"what": Message(id=words.HOLDS[holds or "text"]), "digest": digest},
    )


def same_recording(path: str, first: str) -> Message:
    """One recording handed in twice."""
    return Message(
        id=N_("{path} holds the same recording as {first}, so it adds nothing to it."),
        args={"path": plain(path), "first": plain(first)},
    )


def too_short(number: str) -> Message:
    """A number of the case that cannot be looked for."""
    return Message(
        id=N_("{number} is too short to be specific: it stands anywhere, so it is not looked for."),
        args={"number": plain(number)},
    )


def absent(names: Sequence[str]) -> Message:
    """Files that the case gives roles to and that were not handed in."""
    told = ", ".join(plain(name) for name in names[:MOST_NAMED])
    return Message(
        id=N_("The case names files that were not handed in: {names}."), args={"names": told}
    )


def skipped(names: Sequence[str]) -> Message:
    """Files of a folder that are neither videos nor photos."""
    more = len(names) - MOST_NAMED
    args: Arguments = {"names": ", ".join(plain(name) for name in names[:MOST_NAMED])}
    if more <= 0:
        return Message(
            id=N_("Not looked at, for these are no videos or photos: {names}."),
            args=args,
        )
    return Message(
        id=N_("Not looked at, for these are no videos or photos: {names} and {more} more."),
        args={**args, "more": more},
    )


def same_number(
    one: str,
    other: str,
    kind: str,
    value: str,
) -> Message:
    """Two exhibits of different roles bear one number."""
    return Message(
        id=N_("{one} and {other} bear the same number: {noun} {value}."),
        args={
            "one": plain(one),
            "other": plain(other),
            "noun": words.noun(kind),
            "value": plain(value),
        },
    )


def same_weight(
    one: str,
    other: str,
    weight: str,
) -> Message:
    """Two exhibits of different roles state one weight."""
    return Message(
        id=N_("{one} and {other} state the same weight: {weight}."),
        args={"one": plain(one), "other": plain(other), "weight": plain(weight)},
    )


def claim_fault(why: str) -> Message:
    """The submitter's case file is broken; nothing else is lost by it."""
    return Message(
        id=N_("What the submitter says of the case cannot be read, so it is not shown: {why}"),
        args={"why": plain(why)},
    )


def set_aside(answer: Answer) -> Message:
    """An answer given under other rules, which do ask what these do not."""
    return Message(
        id=N_("These rules do not ask what {by} answered on {at} ({exhibit}, {requirement})."),
        args={
            "by": plain(answer.by),
            "at": plain(answer.at),
            "exhibit": plain(answer.exhibit),
            "requirement": plain(answer.requirement),
        },
    )


def answered(question: str, answer: Answer) -> Message:
    """A person's answer to a question of the report."""
    return Message(
        id=N_("{question} {by} answered on {at}: {answer}."),
        args={
            "question": Message(id=question),
            "by": plain(answer.by),
            "at": plain(answer.at),
            "answer": Message(id=words.ANSWER[answer.answer]),
        },
    )


OWN_REASON = N_("the case's own reason")
FITS_NONE = N_("What was handed in fills no place of any reason.")
BARE_NUMBER = N_("read without a label word beside it")
CLAIMED = N_(
    "The folder's case.toml is the submitter's word, so it was compared with nothing; "
    "--trust-case-files takes it as yours."
)
UNDECIDED = N_(
    "Undecided: nobody said whether it shows packing or unboxing, so only what both ask for is "
    "judged (use --role)."
)
MISSED = N_("had two seconds from here on been removed, it might not have been noticed")
STILL = N_("nothing moves here, so a cut could hide")
SEALED_BY_OPERATOR = N_(
    "Bare numbers were sealed with the operator's key; --seal-key FILE compares them, too."
)
