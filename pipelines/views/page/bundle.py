"""Scripts that a browser fetches once, not with every page."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

__all__ = ["bundle"]


def bundle(module: str, script: str) -> Path | None:
    """Return a file with the script of a component, from where Panel's server sends it; None where none can be written.

    Panel sends a component's script with every page, unless it is in a file beside its module. Ours are put together
    from several files; so the whole is kept where Python keeps what it makes of its own, under a name that changes with
    it. Whoever has no server is still sent the script itself.

    Parameters
    ----------
    module : str
        File of the component's module.
    script : str
        Text of the script.
    """
    folder, content = Path(module).parent / "__pycache__", script.encode()
    file = folder / f"{Path(module).stem}-{hashlib.sha256(content).hexdigest()[:16]}.js"
    try:
        if not file.exists() or file.read_bytes() != content:
            folder.mkdir(exist_ok=True)
            handle, part = tempfile.mkstemp(dir=folder, suffix=".part")
            with os.fdopen(handle, "wb") as out:
                out.write(content)
            Path(part).chmod(0o644)
            Path(part).replace(file)  # at once: others may write the same
    except OSError:
        return None
    return file
