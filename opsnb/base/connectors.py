"""Connectors: what opens the sources of a URL scheme, and whether its urls name files.

opsnb's own are modules named by their scheme, under `opsnb/analysis/sources/files/` where urls
name files and under `servers/` otherwise; which scheme is which can so be told without loading
one. Plug-ins bring others.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from opsnb.base import resources
from opsnb.base.errors import PluginError
from opsnb.base.plugins import Plugins


@dataclass(frozen=True)
class Connector:
    """What opens the sources of a scheme.

    Attributes
    ----------
    open : callable
        Called with the source's `SourceConfig`, its url with variables filled in, and the
        `Engine` that embedded sources share; gives an `opsnb.analysis.sources.Source`.
    files : bool
        Its urls name a file, a folder or a glob on this machine: their sizes and times then say
        whether the data have changed. Of others the data are asked.
    module : str
        What has to be installed for it, as it is imported; empty for nothing more.
    install : str
        What to install where it is not.
    """

    open: Callable[[Any, str, Any], Any]
    files: bool = False
    module: str = ""
    install: str = ""


@functools.cache
def own_schemes() -> dict[str, bool]:
    """The schemes that come with opsnb; whether their urls name files."""
    found = {}
    for folder, files in (("servers", False), ("files", True)):
        found.update(dict.fromkeys(resources.modules_in(resources.connectors(folder)), files))
    return found


def names_files(scheme: str, plugins: Plugins) -> bool:
    """Whether urls of a scheme name files; an unknown one's do not.

    Raises
    ------
    PluginError
        The plug-in that brings it cannot be used.
    """
    own = own_schemes()
    if scheme in own:
        return own[scheme]
    brought = find_connector(scheme, plugins)
    return brought is not None and brought.files


def find_connector(scheme: str, plugins: Plugins) -> Connector | None:
    """The connector that a plug-in brings for a scheme; None where none does.

    Raises
    ------
    PluginError
        The plug-in that brings it cannot be used, or two bring it.
    """
    brought = plugins.find("sources", scheme)
    if brought is not None and not isinstance(brought, Connector):
        raise PluginError(
            f'what it brings as the source "{scheme}" is no Connector',
            where=f"plug-in {plugins.owner('sources', scheme)}",
            hint="bring an object opsnb.base.connectors.Connector(open=...)",
        )
    return brought
