"""The development page `/dev/mail`: what was sent into the spool, since no mail leaves a developer's machine."""

from base64 import b64encode
from email.message import EmailMessage
from hashlib import sha256
from html import escape
from urllib.parse import urlsplit
from uuid import UUID

from aiohttp import web

from actors.adapters.spool import Spool
from actors.kernel.errors import NotFound
from actors.settings import Settings

SHOWN = 100

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:32px auto;padding:0 16px;color:#1d1b18}"
    "table{width:100%;border-collapse:collapse}td{padding:6px 12px 6px 0;border-bottom:1px solid #ddd}"
    "pre{white-space:pre-wrap;background:#f4f2ee;padding:16px;border-radius:8px}"
    "iframe{width:100%;height:560px;border:1px solid #ddd;border-radius:8px}"
)
_PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_MAIL_POLICY = (
    "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""Of a mail's own HTML: it runs nothing, loads nothing and reaches nothing of ours."""


def add_dev_mail(app: web.Application, settings: Settings) -> None:
    """Show the spool, in development and where there is one; elsewhere the addresses do not exist."""
    if settings.environment != "development" or settings.mail_spool is None:
        return
    pages = _Pages(Spool(settings.mail_spool), urlsplit(settings.public_url).hostname)
    app.router.add_get("/dev/mail", pages.index)
    app.router.add_get("/dev/mail/{mail_id}", pages.show)
    app.router.add_get("/dev/mail/{mail_id}/html", pages.show_html)


class _Pages:
    def __init__(self, spool: Spool, host: str | None) -> None:
        self._spool = spool
        self._hosts = {host, "localhost", "127.0.0.1", "::1"}

    async def index(self, request: web.Request) -> web.Response:
        self._check_host(request)
        mails = await self._spool.newest(SHOWN)
        rows = "".join(
            f"<tr><td>{escape(_header(mail, 'Date'))}</td><td>{escape(_header(mail, 'To'))}</td>"
            f'<td><a href="/dev/mail/{mail_id}">{escape(_header(mail, "Subject"))}</a></td></tr>'
            for mail_id, mail in mails
        )
        return _page("Mail", f"<table>{rows}</table>" if rows else "<p>No mail was sent yet.</p>")

    async def show(self, request: web.Request) -> web.Response:
        mail_id, mail = await self._find(request)
        headers = "\n".join(f"{name}: {value}" for name, value in mail.items())
        text = _content(mail, "plain")
        body = (
            f'<p><a href="/dev/mail">All mail</a></p><pre>{escape(headers)}</pre><pre>{_linked(text)}</pre>'
            f'<iframe sandbox="allow-popups" src="/dev/mail/{mail_id}/html" title="The mail as HTML"></iframe>'
        )
        return _page(_header(mail, "Subject"), body)

    async def show_html(self, request: web.Request) -> web.Response:
        _, mail = await self._find(request)
        return web.Response(text=_content(mail, "html"), content_type="text/html", headers=_headers(_MAIL_POLICY))

    async def _find(self, request: web.Request) -> tuple[UUID, EmailMessage]:
        self._check_host(request)
        try:
            mail_id = UUID(request.match_info["mail_id"])
        except ValueError:
            raise NotFound from None
        mail = await self._spool.read(mail_id)
        if mail is None:
            raise NotFound
        return mail_id, mail

    def _check_host(self, request: web.Request) -> None:
        # A page elsewhere whose name points here for a moment must not read the links.
        if request.url.host not in self._hosts:
            raise NotFound


def _page(title: str, body: str) -> web.Response:
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>{body}</html>"
    )
    return web.Response(text=text, content_type="text/html", headers=_headers(_PAGE_POLICY))


def _headers(policy: str) -> dict[str, str]:
    return {"Content-Security-Policy": policy, "Cache-Control": "private, no-store"}


def _header(mail: EmailMessage, name: str) -> str:
    return str(mail[name] or "")


def _content(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return "" if part is None else str(part.get_content())


def _linked(text: str) -> str:
    """Text as HTML in which a line that is an address can be clicked."""
    return "\n".join(
        f'<a href="{escape(line)}">{escape(line)}</a>' if line.startswith(("http://", "https://")) else escape(line)
        for line in text.splitlines()
    )
