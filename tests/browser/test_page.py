"""The first page, in a browser: what one does, the other sees."""

from pathlib import Path

import aiohttp
from playwright.async_api import Browser, Page, expect
from redis.asyncio import Redis

from server.demo.pictures import draw
from server.demo.resident import Resident
from tests.browser.conftest import Site, Visit
from tests.server.demo.conftest import Seeded


async def first_in_common(one: Page, other: Page) -> str:
    """The id of a post that both have on the screen."""
    ids: list[list[str]] = [
        await page.eval_on_selector_all(".feed article", "all => all.map(one => one.id)") for page in (one, other)
    ]
    return next(post for post in ids[0] if post in ids[1])


async def test_a_like_in_one_window_changes_the_count_in_the_other(visit: Visit) -> None:
    ada, boris = await visit("ada", "for-you"), await visit("boris", "for-you")
    post = await first_in_common(ada, boris)
    for page in (ada, boris):
        await page.locator(f"#{post}").scroll_into_view_if_needed()
    number = ada.locator(f"#{post} .like .number")
    before = int(await number.get_attribute("data-value") or "")
    for _ in range(2):
        step = 1 if await ada.get_attribute(f"#{post} .like", "aria-pressed") == "false" else -1
        await ada.click(f"#{post} .like")
        before += step
        await expect(boris.locator(f"#{post} .like .number")).to_have_attribute("data-value", str(before))
        await expect(number).to_have_attribute("data-value", str(before))


async def test_a_photograph_appears_at_the_follower_and_develops_there(visit: Visit, tmp_path: Path) -> None:
    file = tmp_path / "fog.jpg"
    file.write_bytes(draw(2, "a test", 800))
    ada, boris = await visit("ada"), await visit("boris")
    await ada.set_input_files("#picker", file)
    await ada.fill("#caption", "Seen <b>by</b> everybody & nobody. #fog #Test")
    await ada.click(".composer .primary")
    for page in (ada, boris):
        newest = page.locator(".feed article").first
        await expect(newest.locator(".caption")).to_have_text("Seen <b>by</b> everybody & nobody.")
        await expect(newest.locator(".tags")).to_have_text("#fog#test")
        await expect(newest).to_have_attribute("data-photo", "ready")
        await expect(newest.locator(".photo img")).to_have_js_property("complete", True)
        assert await newest.locator(".photo img").evaluate("image => image.naturalWidth") > 0


async def test_the_bell_rings_where_the_author_is(visit: Visit) -> None:
    ada = await visit("ada")
    await ada.click("#bell")
    await expect(ada.locator("#badge")).to_be_hidden()
    await ada.keyboard.press("Escape")
    await expect(ada.locator("#news")).to_be_hidden()
    chloe = await visit("chloe")
    theirs = chloe.locator(".feed article", has_text="@ada").first
    while await theirs.count() == 0:
        await chloe.mouse.wheel(0, 4000)
        await chloe.wait_for_timeout(200)
    button = theirs.locator(".like")
    if await button.get_attribute("aria-pressed") == "true":
        await button.click()
        await expect(button).to_have_attribute("aria-pressed", "false")
    await button.click()
    await expect(ada.locator("#badge")).to_have_text("1")
    other = await visit("ada")
    await other.click("#bell")
    await expect(other.locator(".news-list li.unread").first).to_contain_text("Chloe Laurent")
    await expect(ada.locator("#badge")).to_be_hidden()
    await ada.click("#bell")
    await expect(ada.locator(".news-list li.unread").first).to_contain_text("Chloe Laurent")
    await other.keyboard.press("Escape")
    await expect(ada.locator(".news-list li.unread")).to_have_count(0)


async def test_what_an_author_changes_is_changed_on_the_screen(visit: Visit, site: Site) -> None:
    boris = await visit("boris")
    async with aiohttp.ClientSession() as http:
        ada = await Resident.sign_in(http, site.served.url, "ada")
        await ada.publish(draw(3, "to be edited", 400), "As it was.", ["before"], "")
        card = boris.locator(".feed article").first
        await expect(card.locator(".caption")).to_have_text("As it was.")
        post_id = (await card.get_attribute("id") or "").removeprefix("post-")
        await ada.do("PATCH", f"/v1/posts/{post_id}", {"caption": "As it is.", "tags": ["after"]})
        await expect(card.locator(".caption")).to_have_text("As it is.")
        await expect(card.locator(".tags")).to_have_text("#after")


async def test_a_page_whose_server_died_comes_back_with_what_it_missed(visit: Visit, site: Site) -> None:
    boris = await visit("boris")
    site.served.kill()
    await boris.wait_for_selector("#pulse[data-state=connecting]")
    served = await site.stack.serve(port=site.served.port)
    async with aiohttp.ClientSession() as http:
        ada = await Resident.sign_in(http, served.url, "ada")
        await ada.publish(draw(4, "while away", 400), "While you were away.", [], "")
    await boris.wait_for_selector("#pulse[data-state=live]")
    await expect(boris.locator(".feed .caption").first).to_have_text("While you were away.")
    await expect(boris.locator(".feed article", has_text="While you were away.")).to_have_count(1)


async def test_it_can_be_used_without_a_mouse(visit: Visit) -> None:
    page = await visit("chloe", "for-you")
    await page.keyboard.press("j")
    first = page.locator(".feed article").first
    await expect(first).to_be_focused()
    was = await first.locator(".like").get_attribute("aria-pressed")
    await page.keyboard.press("l")
    await expect(first.locator(".like")).to_have_attribute("aria-pressed", "false" if was == "true" else "true")
    await page.keyboard.press("j")
    await expect(page.locator(".feed article").nth(1)).to_be_focused()


async def test_signing_out_ends_the_session_and_a_reload_keeps_one(visit: Visit) -> None:
    page = await visit("ada")
    await page.reload()
    await page.wait_for_selector(".feed article")
    await page.click("[aria-label='Sign out Ada Winter']")
    await page.wait_for_selector("[data-username=ada]")
    await page.reload()
    await page.wait_for_selector("[data-username=ada]")
    assert "vitrine_csrf" not in {cookie["name"] for cookie in await page.context.cookies()}


async def test_nothing_runs_that_does_not_come_from_here(browser: Browser, site: Site) -> None:
    page = await browser.new_page()
    answer = await page.goto(site.served.url)
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    attack = "() => { try { document.body.innerHTML = '<p>'; return 'taken' } catch (error) { return error.name } }"
    assert await page.evaluate(attack) == "TypeError"
    same = {"If-None-Match": answer.headers["etag"]}
    async with aiohttp.ClientSession() as http, http.get(site.served.url, headers=same) as again:
        assert again.status == 304


async def test_a_page_survives_a_redis_that_forgot_everything(visit: Visit, seeded: Seeded, site: Site) -> None:
    boris = await visit("boris")
    async with Redis.from_url(seeded.settings.redis_url) as redis, aiohttp.ClientSession() as http:
        ada = await Resident.sign_in(http, site.served.url, "ada")
        await redis.flushall()
        await ada.publish(draw(6, "after the flood", 400), "After the flood.", [], "")
    await expect(boris.locator(".feed .caption").first).to_have_text("After the flood.")
    await boris.wait_for_selector("#pulse[data-state=live]")


SENT = """
INSERT INTO mail_tokens (user_id, purpose, hash, email, asked_at, expires_at)
SELECT $1::text::uuid, $2, sha256($3::text::bytea), email, now(), now() + interval '1 hour' FROM users
WHERE id = $1::text::uuid RETURNING true
"""


async def test_the_link_of_a_letter_does_what_the_letter_says(visit: Visit, site: Site) -> None:
    (person,) = await site.stack.people(1)
    page = await visit()
    for purpose, sign in (("verify", "x"), ("reset", "y")):
        assert await site.stack.value(SENT, person.id, purpose, sign * 43)
    await page.evaluate("location.hash = 'verify-email=' + 'x'.repeat(43)")
    await expect(page.locator("#toast")).to_contain_text("this address is yours")
    assert "x" * 43 not in page.url, "a link that was followed stands in no history"
    await page.evaluate("location.hash = 'reset-password=' + 'y'.repeat(43)")
    await page.fill("#new-password", "a phrase nobody would guess")
    await page.click("dialog.letter .primary")
    await expect(page.locator("#toast")).to_contain_text("Your password is changed")
    await expect(page.locator("dialog.letter")).to_have_count(0)
    assert await site.stack.value("SELECT password_hash <> '' FROM users WHERE id = $1::text::uuid", person.id)
