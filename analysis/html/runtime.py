"""The programs inside the page that draw the charts: Vega, Vega-Lite and Vega-Embed."""

from __future__ import annotations

import re
from functools import cache

VEGA_LITE = "6.4"


@cache
def runtime() -> str:
    """Their JavaScript as one script, from the installed package; no network is asked."""
    import vl_convert

    return embeddable(
        vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VEGA_LITE)
    )


def embeddable(script: str) -> str:
    """The same program, without what would end the <script> that it stands in."""
    return re.sub(r"<(?=/script|!--|script)", r"\\x3c", script, flags=re.IGNORECASE)
