"""The files that pages are drawn with. A digest of all of them is in their addresses, so that browsers keep them."""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Response

from opsdesk import flows
from opsdesk.kit.http_errors import RouteUnknown

FOLDER = Path(__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}

_FOR_GOOD = "public, max-age=31536000, immutable"
_DIGEST_CHARS = 16


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """All files, in memory: they are few, and what is served cannot change under a running process."""

    files: Mapping[str, bytes]
    digest: str

    def url(self, name: str) -> str:
        """Raises KeyError for a file that is not there."""
        if name not in self.files:
            raise KeyError(name)
        return f"/static/{self.digest}/{name}"

    def routes(self) -> APIRouter:
        """The route of all files; whoever asks gets them, they tell nothing."""
        router = APIRouter(include_in_schema=False)

        @router.get("/static/{digest}/{name:path}")
        async def static_file(digest: str, name: str) -> Response:
            """One file. A page of another version of Opsdesk gets ours, and is told not to keep it."""
            content = self.files.get(name)
            if content is None:
                raise RouteUnknown
            kept = _FOR_GOOD if digest == self.digest else "no-cache"
            media_type = TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
            return Response(content, media_type=media_type, headers={"Cache-Control": kept})

        return router


def static_files(folder: Path = FOLDER) -> StaticFiles:
    """Read every file of the folder that a browser may ask for."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in TYPES)
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    files["flow.css"] = flows.draw.STYLE.encode()  # what pictures bring themselves where they stand alone
    whole = hashlib.sha256()
    for name, content in files.items():
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return StaticFiles(files, whole.hexdigest()[:_DIGEST_CHARS])
