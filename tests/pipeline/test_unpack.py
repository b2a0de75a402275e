"""Archives: what is harmless comes out whole, what could hurt is refused by name before it does."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from models.errors import BadArchive, NoMedia, ParcelproofError, TooLarge
from models.media import Limits
from models.submission import Case
from pipeline import intake
from pipeline.unpack import is_archive, unpacked
from tests.conftest import ROOT, Run

LABEL = (ROOT / "sample_media" / "label.jpg").read_bytes()


def archive(path: Path, *members: tuple[str, bytes], links: bool = False, **how: int) -> Path:
    with zipfile.ZipFile(path, "w", **{"compression": zipfile.ZIP_DEFLATED} | how) as file:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = file.compression
            if links:
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            file.writestr(info, data)
    return path


def refused(path: Path, **limits: int) -> ParcelproofError:
    with (
        pytest.raises((BadArchive, TooLarge)) as told,
        unpacked(path, Limits(**limits)) as folder,
    ):
        assert not folder
    return told.value


def nested() -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as file:
        file.writestr("label.jpg", LABEL)
    return inner.getvalue()


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (("../label.jpg", LABEL), "leads outside"),
        (("/etc/label.jpg", LABEL), "leads outside"),
        (("a/../../label.jpg", LABEL), "leads outside"),
        (("..\\label.jpg", LABEL), "leads outside"),
        (("C:/label.jpg", LABEL), "leads outside"),
        (("/".join("abcdefghijk") + "/label.jpg", LABEL), "too deep"),
        (("inner.zip", nested()), "holds another one"),
        (("photo.jpg", nested()), "holds another one"),
        (("a.7z", b"7z\xbc\xaf\x27\x1c" + b"0" * 99), "holds another one"),
        (("zeros.mp4", b"\0" * (64 << 20)), "would grow"),
    ],
)
def test_what_could_hurt_is_refused(member: tuple[str, bytes], said: str, tmp_path: Path) -> None:
    assert said in str(refused(archive(tmp_path / "a.zip", member)))
    assert not (tmp_path / "label.jpg").exists()


def test_links_twins_and_crowds_are_refused(tmp_path: Path) -> None:
    link = archive(tmp_path / "l.zip", ("label.jpg", b"/etc/passwd"), links=True)
    assert "is a link" in str(refused(link))
    with pytest.warns(UserWarning, match="Duplicate"):
        twins = archive(tmp_path / "t.zip", ("a.jpg", LABEL), ("a.jpg", b"x"))
    assert "twice" in str(refused(twins))
    assert "twice" in str(refused(archive(tmp_path / "c.zip", ("a.jpg", LABEL), ("A.JPG", b"x"))))
    many = archive(tmp_path / "m.zip", *((f"{n}.jpg", b"x") for n in range(9)))
    assert "has 9 members; the limit is 8" in str(refused(many, members=8))
    assert "unpacks to" in str(refused(archive(tmp_path / "b.zip", ("a.jpg", LABEL)), bytes=99))


def test_locked_and_lying_and_broken_ones_are_refused(tmp_path: Path) -> None:
    whole = archive(tmp_path / "w.zip", ("a.jpg", LABEL), compression=zipfile.ZIP_STORED)
    raw = whole.read_bytes()
    central = raw.rindex(b"PK\x01\x02")
    locked = bytearray(raw)
    locked[central + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    assert "encrypted" in str(refused(tmp_path / "locked.zip"))
    lying = bytearray(raw)
    lying[central + 24 : central + 28] = (10).to_bytes(4, "little")
    (tmp_path / "lying.zip").write_bytes(lying)
    assert "damaged" in str(refused(tmp_path / "lying.zip")) or "larger" in str(
        refused(tmp_path / "lying.zip")
    )
    for cut in (5, 40, len(raw) // 2, len(raw) - 9):
        (tmp_path / "cut.zip").write_bytes(raw[:cut])
        assert isinstance(refused(tmp_path / "cut.zip"), BadArchive)
    for place in range(0, len(raw) - central, 3):
        torn = bytearray(raw)
        torn[central + place] ^= 0xFF
        (tmp_path / "torn.zip").write_bytes(torn)
        try:
            with unpacked(tmp_path / "torn.zip", Limits()) as folder:
                assert all(p.resolve().is_relative_to(folder) for p in folder.rglob("*"))
        except (BadArchive, TooLarge):
            continue


def test_a_plain_one_is_a_submission_and_its_case_is_only_claimed(tmp_path: Path) -> None:
    claim = b'order_id = "999999999999999999"\n'
    path = archive(
        tmp_path / "a.zip",
        ("shots/label.jpg", LABEL),
        ("case.toml", claim),
        ("__MACOSX/._label.jpg", b"x"),
        ("notes.txt", b"hello"),
    )
    assert is_archive(path) and not is_archive(ROOT / "README.md")
    mine = Case(source="operator", order_id="576920418365107249")
    with intake.submission([path], mine, Limits()) as found:
        assert [one.shown for one in found.exhibits] == ["shots/label.jpg"]
        assert found.exhibits[0].path.read_bytes() == LABEL
        assert found.case.order_id == mine.order_id
        assert found.case.claimed == {"order_id": "999999999999999999"}
        assert found.skipped == ("notes.txt",)
        inside = found.exhibits[0].path
    assert not inside.exists(), "gone afterwards"
    with (
        pytest.raises(NoMedia),
        intake.submission([archive(tmp_path / "e.zip", ("a.txt", b"x"))], Case(), Limits()),
    ):
        pass


def test_a_broken_claim_loses_nothing_else(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("label.jpg", LABEL), ("case.toml", b"order_id = \xff"))
    with intake.submission([path], Case(), Limits()) as found:
        assert len(found.exhibits) == 1
        assert "cannot be read" in found.case.claim_fault


def test_from_the_command_line(run: Run, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("../x.jpg", LABEL))
    done = run("score", path)
    assert done.returncode == 65 and done.stderr.startswith("BadArchive: The archive's ../x.jpg")


def test_roles_by_file_are_the_operators_and_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "label.jpg").write_bytes(LABEL)
    case = Case(source="operator", files={"label.jpg": "damage_photo"})
    with intake.submission([tmp_path], case, Limits()) as found:
        assert found.exhibits[0].role == "damage_photo"
    later = Case(source="operator", files={"unboxing.mp4": "unpacking_video"})
    with intake.submission([tmp_path], later, Limits()) as found:
        assert found.absent == ("unboxing.mp4",)
    slip = Case(source="operator", files={"lable.jpg": "damage_photo"})
    with (
        pytest.raises(ParcelproofError, match=r"lable.jpg \(did you mean label.jpg\?\)"),
        intake.submission([tmp_path], slip, Limits()),
    ):
        pass


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "label.jpg").write_bytes(LABEL)
    both = [tmp_path / "a" / "label.jpg", tmp_path / "b" / "label.jpg"]
    with intake.submission(both, Case(), Limits()) as found:
        assert len({one.shown for one in found.exhibits}) == 2
