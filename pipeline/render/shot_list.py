"""What a reason asks for, before anything is filmed: a list to read, and a page to print."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from models.message import N_
from models.policy import Policy, Reason, RoleRules
from pipeline.render.html import environment, rule
from pipeline.wording import sentences, words
from pipeline.wording.language import Speaker

ANY_OF = N_("any of these:")


def shots(
    policy: Policy,
    reason: Reason,
    say: Speaker,
) -> Iterator[str]:
    """Line by line: each piece of evidence, in the source's words, and how to film it."""
    yield say(reason.title)
    for slot in reason.slots:
        optional = "" if slot.required else f" ({say('optional')})"
        yield f"[ ] {say(slot.title)}{optional}"
        for cited in slot.cites:
            yield f"    {sentences.quoted(cited, say.language)} [{say(sentences.source(cited))}]"
        if len(slot.accepts) > 1:
            yield f"    {say(ANY_OF)}"
        for role in _roles(policy, slot.accepts):
            yield f"    {say(role.title)}"
            for line in role.film:
                yield f"      [ ] {say(line)}"


def _roles(policy: Policy, accepted: dict[str, int]) -> list[RoleRules]:
    """What fills a place, the best fit first."""
    ranked = sorted(accepted, key=lambda role: -accepted[role])
    return [policy.rules(role) for role in ranked]


def shots_page(
    policy: Policy,
    reason: Reason,
    say: Speaker,
) -> str:
    """The same as a page to print; nothing on it runs or is loaded."""
    made = environment(say.language)
    style = made.get_template("report.css").render()
    slots = [(slot, _roles(policy, slot.accepts)) for slot in reason.slots]
    return made.get_template("shot_list.html").render(
        policy=policy,
        reason=reason,
        slots=slots,
        language=say.language,
        style=Markup(style),  # noqa: S704 (our own file)
        rule=rule(style),
        s=sentences,
        w=words,
    )
