"""A JupyterLab for browser tests on this machine: no token, but the XSRF check, on the folder that serve.mjs made."""

import os

from jupyterlab.galata import configure_jupyter_server

c = get_config()  # type: ignore[name-defined]  # noqa: F821
configure_jupyter_server(c)
c.ServerApp.port = int(os.environ["VEILBOOK_UI_PORT"])
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.allow_root = True
# The panel must work as people have it: Galata's helpers would do without the check, the front end sends the header.
c.ServerApp.disable_check_xsrf = False
