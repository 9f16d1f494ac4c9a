"""Nobody reaches the sidecar without login, permission and, from a browser, the XSRF token."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from jupyter_server.auth.authorizer import Authorizer
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPResponse
from tornado.web import RequestHandler

from veilbook.server import handlers, jobs, servers, workspace

Fetch = Callable[..., Any]

VERBS = ("get", "head", "post", "put", "patch", "delete")
ROUTES = {
    "status": ("GET", None),
    "start": ("POST", "{}"),
    "restart": ("POST", "{}"),
    "stop": ("POST", "{}"),
    "defaults": ("PUT", '{"alpha": 0.2, "device": "cpu"}'),
    "learn": ("POST", '{"images": "photographs"}'),
    "log": ("GET", None),
    "workspace": ("GET", None),
    "workspace/snapshots": ("POST", "{}"),
    "workspace/snapshots/20261121-101010-000-abcdef": ("DELETE", None),
    "workspace/snapshots/20261121-101010-000-abcdef/pin": ("PUT", '{"pinned": true}'),
    "workspace/restore": ("POST", '{"snapshot": "20261121-101010-000-abcdef"}'),
    "workspace/restore-files": ("POST", '{"snapshot": "20261121-101010-000-abcdef", "paths": ["a"]}'),
    "workspace/retain": ("POST", '{"keep_last": 1}'),
    "workspace/undo": ("POST", "{}"),
    "workspace/clone": ("POST", '{"to": "clone"}'),
    "workspace/others": ("GET", None),
    "workspace/others/clone": ("POST", '{"workspace": "other", "to": "clone"}'),
    "workspace/others/delete": ("POST", '{"workspace": "other", "confirm": "other"}'),
    "workspace/holding": ("POST", '{"paths": ["a"]}'),
    "workspace/snapshots/20261121-101010-000-abcdef/files": ("GET", None),
    "workspace/operations/20261121-101010-000-abcdef": ("DELETE", None),
    "jobs": ("POST", '{"name": "fddb", "claim": "data", "dataset": "FDDB"}'),
    "jobs/fddb-sweep": ("DELETE", None),
    "jobs/fddb-sweep/logs": ("GET", None),
    "servers": ("GET", None),
    "servers/inspect": ("GET", None),
    "ledger": ("GET", None),
    "ledger/receipt": ("GET", None),
}


def registered(web_app: Any) -> Iterator[tuple[str, type[RequestHandler]]]:
    """Every handler class of ours that the running server routes to."""
    rules = list(web_app.default_router.rules)
    while rules:
        rule = rules.pop()
        nested = getattr(rule.target, "rules", None)
        if nested:
            rules.extend(nested)
        elif inspect.isclass(rule.target) and rule.target.__module__.startswith("veilbook."):
            yield rule.matcher.regex.pattern, rule.target


def decorators(method: Callable[..., Any]) -> list[str]:
    """The files of the wrappers around a method, outermost first."""
    files = []
    while hasattr(method, "__wrapped__"):
        files.append(method.__code__.co_filename.replace("\\", "/"))
        method = method.__wrapped__
    return files


def test_every_verb_of_every_handler_is_authenticated_and_authorized(jp_serverapp: Any) -> None:
    found = dict(registered(jp_serverapp.web_app))
    for route in ROUTES:
        matching = [pattern for pattern in found if re.fullmatch(pattern, f"/a%40b/veilbook/{route}")]
        assert len(matching) == 1, f"{route} has {len(matching)} handlers"
    for pattern in found:
        assert any(re.fullmatch(pattern, f"/a%40b/veilbook/{route}") for route in ROUTES), f"{pattern} is not tested"
    for pattern, handler in found.items():
        assert handler.auth_resource == "veilbook"
        verbs = [verb for verb in VERBS if getattr(handler, verb) is not getattr(RequestHandler, verb)]
        assert verbs, f"{pattern} has no verb"
        for verb in verbs:
            files = decorators(getattr(handler, verb))
            assert len(files) == 2, f"{verb} {pattern} is not wrapped by authenticated and authorized"
            assert files[0].endswith("tornado/web.py"), f"{verb} {pattern} is not authenticated"
            assert files[1].endswith("jupyter_server/auth/decorator.py"), f"{verb} {pattern} is not authorized"


def test_the_list_of_this_test_covers_every_route() -> None:
    ours = [*handlers.routes(), *workspace.workspace_routes(), *jobs.job_routes(), *servers.server_routes()]
    patterns = [path for path, _ in ours]
    for path in patterns:
        assert any(re.fullmatch(path, f"/veilbook/{route}") for route in ROUTES)
    for route in ROUTES:
        assert any(re.fullmatch(path, f"/veilbook/{route}") for path in patterns)


@pytest.mark.parametrize("route", ROUTES)
async def test_without_login_nothing_is_answered(jp_fetch: Fetch, state_dir: Any, route: str) -> None:
    verb, body = ROUTES[route]
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch("veilbook", route, method=verb, body=body, headers={"Authorization": ""}, follow_redirects=False)
    assert refused.value.code == 403
    assert error_of(refused.value)["code"] == "unauthorized"
    assert not (state_dir / "sidecar.json").exists()


class NobodyMay(Authorizer):
    """Denies everything, and remembers what it was asked."""

    asked: list[tuple[str, str]]

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        self.asked = [*getattr(self, "asked", []), (action, resource)]
        return False


@pytest.mark.parametrize("route", ROUTES)
async def test_the_authorizer_has_the_last_word(
    jp_serverapp: Any, jp_fetch: Fetch, state_dir: Any, monkeypatch: pytest.MonkeyPatch, route: str
) -> None:
    authorizer = NobodyMay(parent=jp_serverapp)
    monkeypatch.setitem(jp_serverapp.web_app.settings, "authorizer", authorizer)
    verb, body = ROUTES[route]
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch("veilbook", route, method=verb, body=body)
    assert refused.value.code == 403
    assert authorizer.asked == [("read" if verb == "GET" else "write", "veilbook")]
    assert not (state_dir / "sidecar.json").exists()


async def log_in(base: str, token: str) -> dict[str, str]:
    """The cookies of a browser after the login page."""
    client = AsyncHTTPClient()
    page = await client.fetch(f"{base}login")
    cookies = cookies_of(page)
    form = urlencode({"password": token, "_xsrf": cookies["_xsrf"]})
    answer = await client.fetch(
        f"{base}login",
        method="POST",
        body=form,
        headers={"Cookie": header(cookies)},
        follow_redirects=False,
        raise_error=False,
    )
    assert answer.code == 302
    cookies |= cookies_of(answer)
    page = await client.fetch(f"{base}api/me", headers={"Cookie": header(cookies)})
    return cookies | cookies_of(page)


def cookies_of(response: HTTPResponse) -> dict[str, str]:
    pairs = (value.partition(";")[0].partition("=") for value in response.headers.get_list("Set-Cookie"))
    return {name: value for name, _, value in pairs}


def header(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


@pytest.mark.parametrize("route", [name for name, (verb, _) in ROUTES.items() if verb != "GET"])
async def test_a_logged_in_browser_needs_the_xsrf_token(
    jp_serverapp: Any, http_server: Any, http_server_port: Any, jp_base_url: str, state_dir: Any, route: str
) -> None:
    base = f"http://127.0.0.1:{http_server_port[-1]}{jp_base_url}"
    cookies = await log_in(base, jp_serverapp.identity_provider.token)
    verb, body = ROUTES[route]
    client = AsyncHTTPClient()
    refused = await client.fetch(
        f"{base}veilbook/{route}", method=verb, body=body, headers={"Cookie": header(cookies)}, raise_error=False
    )
    assert refused.code == 403
    assert "_xsrf" in json.loads(refused.body)["error"]["message"]
    assert not (state_dir / "sidecar.json").exists()


async def test_with_the_xsrf_token_the_browser_is_heard(
    jp_serverapp: Any, http_server: Any, http_server_port: Any, jp_base_url: str
) -> None:
    base = f"http://127.0.0.1:{http_server_port[-1]}{jp_base_url}"
    cookies = await log_in(base, jp_serverapp.identity_provider.token)
    answer = await AsyncHTTPClient().fetch(
        f"{base}veilbook/stop",
        method="POST",
        body="{}",
        headers={"Cookie": header(cookies), "X-XSRFToken": cookies["_xsrf"]},
    )
    assert json.loads(answer.body) == {"state": "stopped"}


def error_of(refused: HTTPClientError) -> dict[str, str]:
    assert refused.response is not None
    error: dict[str, str] = json.loads(refused.response.body)["error"]
    assert set(error) == {"code", "message", "remedy"}
    return error
