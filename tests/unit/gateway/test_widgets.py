"""Widgets: who may have one, and what a visitor's token opens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from services.gateway.http.access.visitor_tokens import Claims, is_signed, read, signed
from services.gateway.widgets.origins import canonical_origin
from services.gateway.widgets.session_routes import PER_ADDRESS
from shared.storage.chat import widgets
from tests.unit.gateway.platform import Platform, running_platform
from tests.unit.gateway.test_live import streamed

PAGE = "https://shop.example"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running_platform(tmp_path_factory.mktemp("widgets"), behind_proxy=True) as started:
        with started.http() as http:
            declare(http, "shop")
        yield started
        for visitor in Visitor.come:
            visitor.http.close()


def declare(http: httpx.Client, name: str, **more: Any) -> dict[str, Any]:
    body = {"origins": [f"{PAGE}/"], "title": "Help"} | more
    put: dict[str, Any] = http.put(f"/v1/widgets/{name}", json=body).raise_for_status().json()
    return put


class Visitor:
    """A browser on a page, without a key."""

    addresses = 0
    come: ClassVar[list[Visitor]] = []

    def __init__(self, platform: Platform, origin: str = PAGE, widget: str = "shop") -> None:
        Visitor.addresses += 1
        headers = {"Origin": origin, "X-Forwarded-For": f"10.9.9.9, 192.0.2.{Visitor.addresses}"}
        self.http = httpx.Client(base_url=platform.url, headers=headers, timeout=20)
        Visitor.come.append(self)
        self.widget = widget
        self.session: dict[str, Any] = {}

    def enter(self, **body: str) -> httpx.Response:
        response = self.http.post(f"/v1/widgets/{self.widget}/sessions", json=body)
        if response.is_success:
            self.session = response.json()
            self.http.headers["Authorization"] = f"Bearer {self.session['token']}"
        return response

    @property
    def path(self) -> str:
        return f"/v1/conversations/{self.session['conversation_id']}"

    def say(self, words: str, name: str = "1") -> httpx.Response:
        return self.http.post(f"{self.path}/live", json={"id": name, "content": words})


@pytest.fixture
def visitor(platform: Platform) -> Visitor:
    entered = Visitor(platform)
    entered.enter().raise_for_status()
    return entered


def test_a_visitor_speaks_and_rates_without_a_key(platform: Platform, visitor: Visitor) -> None:
    assert visitor.session["widget"]["title"] == "Help"
    frames = streamed(visitor.say("hello").raise_for_status())
    turn = frames[1]["message"]["turn_id"]
    rated = visitor.http.post("/v1/feedback", json={"turn_id": turn, "rating": "up"}).raise_for_status().json()
    assert (rated["rating"], rated["source"]) == (5, "customer")
    with platform.http() as http:
        conversation = http.get(visitor.path).raise_for_status().json()
    assert conversation["metadata"] == {"channel": "widget", "widget": "shop", "origin": PAGE}
    url = f"{platform.url.replace('http', 'ws')}{visitor.path}/socket"
    offered = [Subprotocol("parley.v1"), Subprotocol(f"bearer.{visitor.session['token']}")]
    with connect(url, origin=Origin(PAGE), subprotocols=offered) as socket:
        assert [json.loads(socket.recv(10))["type"] for _ in range(3)] == ["status", "message", "message"]
    with pytest.raises(InvalidStatus) as refused, connect(url, origin=Origin("https://evil"), subprotocols=offered):
        pass
    assert refused.value.response.status_code == 403


def test_who_knows_what_another_said_is_not_told_the_answer(platform: Platform, visitor: Visitor) -> None:
    other = Visitor(platform)
    other.enter().raise_for_status()
    other.say("my secret", "s").raise_for_status()
    theirs = visitor.http.post(f"{other.path}/live", json={"id": "s", "content": "my secret"})
    assert theirs.status_code == 404


def test_a_token_opens_one_conversation_and_nothing_else(platform: Platform, visitor: Visitor) -> None:
    other = Visitor(platform)
    other.enter().raise_for_status()
    frames = streamed(other.say("mine"))
    assert visitor.http.get(f"{other.path}/live").status_code == 404
    assert visitor.http.post(f"{other.path}/live", json={"id": "1", "content": "hi"}).status_code == 404
    theirs = {"turn_id": frames[0]["message"]["turn_id"], "rating": "down"}
    assert visitor.http.post("/v1/feedback", json=theirs).status_code == 404
    say_as_agent = visitor.http.post("/v1/feedback", json=theirs | {"source": "agent"})
    assert say_as_agent.status_code == 403
    for method, path in (
        ("GET", visitor.path),
        ("GET", f"{visitor.path}/messages"),
        ("GET", f"{visitor.path}/events"),
        ("POST", f"{visitor.path}/take_over"),
        ("POST", f"{visitor.path}/end"),
        ("DELETE", visitor.path),
        ("GET", "/v1/conversations"),
        ("POST", "/v1/conversations"),
        ("GET", "/v1/models"),
        ("GET", "/v1/keys"),
        ("GET", "/v1/widgets"),
        ("GET", "/v1/feedback"),
    ):
        assert visitor.http.request(method, path).status_code == 403, path


def test_a_token_ends_with_its_origin_its_time_its_signature_and_its_widget(platform: Platform) -> None:
    with platform.http() as http:
        declare(http, "brief")
        with platform.database.reading() as session:
            secret = widgets.get(session, "brief").secret
        visitor = Visitor(platform, widget="brief")
        visitor.enter().raise_for_status()
        good = read(visitor.session["token"])
        assert good is not None
        past = signed(Claims("brief", good.conversation, PAGE, 1, "speak"), secret)
        forged = signed(good, "another secret")
        for token, origin, code in (
            (past, PAGE, "token_expired"),
            (forged, PAGE, "invalid_token"),
            (visitor.session["resume"], PAGE, "invalid_token"),
            ("pv1.e30.x", PAGE, "invalid_token"),
            ("pv1." + "x" * 3000, PAGE, "invalid_token"),
            (visitor.session["token"], "https://evil.example", "wrong_origin"),
        ):
            headers = {"Authorization": f"Bearer {token}", "Origin": origin}
            answer = visitor.http.post(f"{visitor.path}/live", json={"id": "1", "content": "hi"}, headers=headers)
            assert answer.json()["error"]["code"] == code
            assert answer.headers["access-control-allow-origin"] == "*", "a page must be able to read why"
        http.post("/v1/widgets/brief/end_sessions").raise_for_status()
        assert visitor.say("hi").json()["error"]["code"] == "invalid_token"


def test_whoever_comes_back_goes_on_where_they_were(platform: Platform, visitor: Visitor) -> None:
    before = visitor.session
    visitor.enter(resume=before["resume"]).raise_for_status()
    assert visitor.session["conversation_id"] == before["conversation_id"]
    for worthless in ("nothing", before["token"]):
        visitor.enter(resume=worthless).raise_for_status()
        assert visitor.session["conversation_id"] != before["conversation_id"]
    visitor.enter(resume=before["resume"]).raise_for_status()
    with platform.http() as http:
        http.post(f"{visitor.path}/end").raise_for_status()
    visitor.enter(resume=before["resume"]).raise_for_status()
    assert visitor.session["conversation_id"] != before["conversation_id"]


def test_pages_of_other_origins_are_told_why_they_may_not(platform: Platform) -> None:
    for origin in ("https://evil.example", "https://shop.example.evil", "http://shop.example", "null", ""):
        refused = Visitor(platform, origin).enter()
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "origin_not_declared")
    assert Visitor(platform, widget="unknown").enter().status_code == 404


def test_a_visitor_and_an_address_have_their_own_rates(platform: Platform) -> None:
    with platform.http() as http:
        declare(http, "slow", requests_per_minute=2)
    one, two = Visitor(platform, widget="slow"), Visitor(platform, widget="slow")
    one.enter().raise_for_status()
    two.enter().raise_for_status()
    assert [one.say("hi", str(number)).status_code for number in range(3)] == [200, 200, 429]
    assert two.say("hi").status_code == 200
    assert [two.enter().status_code for _ in range(PER_ADDRESS)][-1] == 429
    assert one.enter().status_code == 200


def test_a_browser_may_ask_the_doors_and_no_other_route(platform: Platform) -> None:
    ask = {"Origin": PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    with httpx.Client(base_url=platform.url) as browser:
        for path in ("/v1/widgets/shop/sessions", "/v1/conversations/conv_1/live", "/v1/feedback"):
            allowed = browser.options(path, headers=ask)
            assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (204, "*")
        for path in ("/v1/conversations", "/v1/keys", "/v1/widgets/shop", "/v1/conversations/conv_1/messages"):
            assert "access-control-allow-origin" not in browser.options(path, headers=ask).headers


def test_the_script_is_small_and_cached(platform: Platform) -> None:
    got = httpx.get(f"{platform.url}/widget.js")
    assert got.headers["content-type"] == "text/javascript; charset=utf-8"
    assert len(got.content) <= 25 * 1024
    for dangerous in ("innerHTML", "eval(", "document.write", "insertAdjacentHTML"):
        assert dangerous not in got.text
    again = httpx.get(f"{platform.url}/widget.js", headers={"If-None-Match": got.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_widget_is_declared_changed_listed_and_deleted(platform: Platform) -> None:
    with platform.http() as http:
        first = declare(http, "w1", origins=["https://A.example:443/", "https://a.example", "http://localhost:3000"])
        assert first["origins"] == ["https://a.example", "http://localhost:3000"]
        changed = declare(http, "w1", greeting="你好")
        assert (changed["origins"], changed["greeting"], changed["created_at"]) == ([PAGE], "你好", first["created_at"])
        assert "w1" in [one["id"] for one in http.get("/v1/widgets").json()["data"]]
        assert http.get("/v1/widgets/w1").json() == changed
        assert "secret" not in json.dumps(changed)
        assert http.delete("/v1/widgets/w1").json()["deleted"]
        assert http.get("/v1/widgets/w1").status_code == 404
        wrongs: tuple[dict[str, Any], ...] = (
            {"origins": []},
            {"origins": ["shop"]},
            {"origins": ["https://a/b"]},
            {"origins": [PAGE], "colour": "red"},
            {"origins": [PAGE], "requests_per_minute": 0},
        )
        for wrong in wrongs:
            assert http.put("/v1/widgets/w2", json=wrong).status_code == 400
        assert http.put("/v1/widgets/Not-so!", json={"origins": [PAGE]}).status_code == 400
    with platform.http(platform.key("train")) as trainer:
        assert trainer.put("/v1/widgets/w2", json={"origins": [PAGE]}).status_code == 403


def test_tokens_survive_nothing_but_their_own_secret() -> None:
    claims = Claims("w", "conv_1", PAGE, 10, "speak")
    token = signed(claims, "secret")
    assert read(token) == claims
    assert is_signed(token, "secret")
    assert not is_signed(token, "other")
    head, payload, signature = token.split(".")
    for broken in (f"{head}.{payload}x.{signature}", f"{head}.{payload}.", head, "", "pv1..", "pv1.你.好"):
        assert not is_signed(broken, "secret")


@pytest.mark.parametrize("wrong", ["", "shop.example", "ftp://a", "https://", "https://u@a", "https://a?b", "null"])
def test_what_is_no_origin_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"https://shop\.example"):
        canonical_origin(wrong)


def test_origins_are_written_as_browsers_do(tmp_path: Path) -> None:
    assert canonical_origin("HTTPS://Müller.example:443/") == "https://xn--mller-kva.example"
    assert canonical_origin("http://[::1]:8080") == "http://[::1]:8080"
