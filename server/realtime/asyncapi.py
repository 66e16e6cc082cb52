"""The live protocol as an AsyncAPI 3 document, generated from the models that encode its frames."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from actors.live_data import DATA
from server.realtime.codes import CloseCode, ErrorCode
from server.realtime.frames import (
    PROTOCOL,
    Answer,
    Connect,
    Connected,
    CountsPush,
    Done,
    EventPush,
    LagPush,
    NoticePush,
    PingPush,
    Pong,
    Refresh,
    Refreshed,
    Refused,
    Sub,
    Subscribed,
    Track,
    Tracked,
    Unsub,
    Untrack,
    Watchers,
)
from server.realtime.topics import CARRIES

_REQUESTS: Mapping[type[BaseModel], type[BaseModel] | None] = {
    Connect: Connected,
    Sub: Subscribed,
    Unsub: Done,
    Track: Tracked,
    Untrack: Done,
    Refresh: Refreshed,
    Pong: None,
}
_ANSWERS: tuple[type[BaseModel], ...] = (Answer, Refused)
_PUSHES: tuple[type[BaseModel], ...] = (EventPush, CountsPush, LagPush, NoticePush, PingPush)
_DATA: Mapping[str, type[BaseModel]] = {**DATA, "watchers": Watchers}
"""What events say, by their type."""

_CHANNEL = "#/channels/realtime"


def document(public_url: str) -> dict[str, Any]:
    """The description, with the server's own address in it."""
    address = urlsplit(public_url)
    sent = (*_ANSWERS, *_PUSHES, *dict.fromkeys(_DATA.values()))
    models = [(model, "validation") for model in _REQUESTS] + [(model, "serialization") for model in sent]
    messages = _messages()
    _, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]  # the literals are inferred as str
    return {
        "asyncapi": "3.0.0",
        "id": f"urn:{PROTOCOL}",
        "defaultContentType": "application/json",
        "info": {"title": f"Vitrine live, {PROTOCOL}", "version": "1.0.0", "description": _description()},
        "servers": {
            "vitrine": {
                "host": address.netloc,
                "protocol": "wss" if address.scheme == "https" else "ws",
                "description": f"Text frames, one JSON object each; subprotocol `{PROTOCOL}`.",
            }
        },
        "channels": {
            "realtime": {
                "address": "/v1/realtime",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            }
        },
        "operations": {**_requests(), **_sent()},
        "components": {"messages": messages, "schemas": schemas["$defs"]},
    }


def _requests() -> dict[str, Any]:
    return {
        model.__name__.lower(): {
            "action": "receive",
            "channel": {"$ref": _CHANNEL},
            "summary": _summary(model),
            "messages": _in_channel(model.__name__),
            **({} if answer is None else {"reply": _reply()}),
        }
        for model, answer in _REQUESTS.items()
    }


def _sent() -> dict[str, Any]:
    return {
        model.__name__.removesuffix("Push").lower(): {
            "action": "send",
            "channel": {"$ref": _CHANNEL},
            "summary": _summary(model),
            "messages": _in_channel(*(_events() if model is EventPush else (model.__name__,))),
        }
        for model in _PUSHES
    }


def _reply() -> dict[str, Any]:
    return {"channel": {"$ref": _CHANNEL}, "messages": _in_channel(*(model.__name__ for model in _ANSWERS))}


def _in_channel(*names: str) -> list[dict[str, str]]:
    return [{"$ref": f"{_CHANNEL}/messages/{name}"} for name in names]


def _messages() -> dict[str, Any]:
    whole = (model for model in (*_REQUESTS, *_ANSWERS, *_PUSHES) if model is not EventPush)
    return {model.__name__: _message(model.__name__, _summary(model), _schema(model)) for model in whole} | _events()


def _events() -> dict[str, Any]:
    """One message for each type of event on each topic: `feed-following.post.reposted` and so on."""
    return {
        (name := f"{topic.partition(':<')[0].replace(':', '-')}.{kind}"): _message(
            name, f"`{kind}` on `{topic}`", _event(topic, kind)
        )
        for topic, kinds in CARRIES.items()
        for kind in kinds
    }


def _event(topic: str, kind: str) -> dict[str, Any]:
    fixed, has_rest, _ = topic.partition("<")
    narrowed = {
        "topic": {"pattern": f"^{fixed}" if has_rest else f"^{fixed}$"},
        "type": {"const": kind},
        "data": _schema(_DATA[kind]),
    }
    return {"allOf": [_schema(EventPush), {"type": "object", "properties": narrowed}]}


def _schema(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _message(name: str, summary: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "summary": summary, "payload": payload}


def _summary(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").partition("\n")[0]


def _description() -> str:
    topics = "\n".join(
        f"- `{topic}`: {', '.join(f'`{one}`' for one in types)}" for topic, types in CARRIES.items() if types
    )
    closes = ", ".join(f"{code.value} {code.name}" for code in CloseCode)
    errors = ", ".join(ErrorCode)
    return (
        f"Topics and the types of their events:\n\n{topics}\n\nClose codes (4000–4499: connect again; 4500–4999: not "
        f"before something has changed): {closes}\n\nError codes: {errors}"
    )
