"""Where submissions lie and results go, by their addresses."""

from __future__ import annotations

from pathlib import Path

from models import errors
from models.media import Limits
from pipeline.batch.bucket import Bucket, is_bucket, place_of
from pipeline.batch.results import BucketResults, FolderResults, Results
from pipeline.batch.sources import Folder, Some, Source


def source_of(
    source: str,
    out: str,
    limits: Limits,
    some: Some,
) -> Source:
    """A folder or a bucket, without our own results in it. Raises NoMedia, Usage, CannotWrite."""
    if is_bucket(source):
        but = place_of(out) if is_bucket(out) else None
        place = place_of(source)
        if but and but.bucket == place.bucket and place.prefix.startswith(but.prefix):
            raise errors.Usage("OUT is where the uploads lie; name another prefix.")
        return Bucket(
            place,
            limits,
            but,
            some,
        )
    folder = Path(source)
    if not folder.is_dir():
        raise errors.NoMedia("{folder} is not a folder.", folder=source)
    if not is_bucket(out) and folder.resolve().is_relative_to(Path(out).resolve()):
        raise errors.Usage("OUT is, or holds, the folder of the uploads; name another one.")
    return Folder(folder, None if is_bucket(out) else Path(out), some)


def results_of(out: str, source: str) -> Results:
    """A folder or a bucket that can be written to. Raises CannotWrite, NoBucket."""
    found: Results = FolderResults(Path(out), opaque=is_bucket(source))
    if is_bucket(out):
        found = BucketResults(place_of(out))
    found.check()
    return found
