/** The page of a running proxy. */
import assert from "node:assert/strict";
import {createServer} from "node:http";
import {after, before, describe, it} from "node:test";
import {eventually, launch, shoot, withPage} from "./browser.js";
import {startProxy} from "./program.js";

let browser;

before(async () => {
    browser = await launch(["--host-resolver-rules=MAP evil.test 127.0.0.1"]);
});
after(() => browser?.close());

/** A proxy for one story, with some exchanges in its log: 1 was retried and went well, 2 failed at last, 3 went well at once. */
async function withProxy(options, story) {
    const proxy = await startProxy(options);

    try {
        assert.equal(await proxy.ask("/shop/cart"), 200);
        assert.equal(await proxy.ask("/fails/pay", {method: "POST", body: "amount=1"}), 502);
        assert.equal(await proxy.ask("/plain"), 200);
        await story(proxy);
    } finally {
        await proxy.stop();
    }
}

async function openLive(page, proxy, hash = "") {
    await page.goto(`${proxy.admin}/${hash}`);
    await page.locator(".live-health[data-health=ok]").waitFor();
}

const targets = (page) => page.locator(".live-row a").allInnerTexts();

function story(sentence, options, play) {
    it(sentence, () => withProxy(options, (proxy) => withPage(browser, {origin: proxy.admin, ...options}, (page) => play(page, proxy))));
}

describe("the list of exchanges", () => {
    story("tells the newest first, and what was tried again", {}, async (page, proxy) => {
        await openLive(page, proxy);
        await page.locator(".live-row").nth(2).waitFor();
        assert.deepEqual(await targets(page), ["GET /plain", "POST /fails/pay", "GET /shop/cart"]);
        assert.match(await page.locator("[data-id='1']").innerText(), /↻1[^]*succeeded after 1 retry/);
        assert.match(await page.locator("[data-id='2']").innerText(), /↻2[^]*failed after 3 attempts: connection_refused at dial/);
        assert.doesNotMatch(await page.locator("[data-id='3']").innerText(), /↻/);
        await shoot(page, "live-list");
    });

    story("shows an exchange that ends while it is open, above the others", {}, async (page, proxy) => {
        await openLive(page, proxy);
        await page.locator("[data-id='3']").waitFor();
        await proxy.ask("/later");
        await page.locator("[data-id='4']").waitFor();
        assert.equal((await targets(page))[0], "GET /later");
    });

    story("stands still while it is paused, and goes on where it was", {}, async (page, proxy) => {
        await openLive(page, proxy);
        await page.locator("[data-id='3']").waitFor();
        await page.getByRole("button", {name: "Pause the list"}).click();
        await proxy.ask("/later");
        await page.locator(".live-counters .fact", {hasText: /^exchanges\s*4$/}).waitFor(); // the page knows of it
        await page.waitForResponse((response) => response.url().endsWith("/metrics")); // and has gone on
        assert.equal(await page.locator(".live-row").count(), 3);
        await page.getByRole("button", {name: "Go on with the list"}).click();
        await page.locator("[data-id='4']").waitFor();
    });

    story("asks for the log only where rows were written", {}, async (page, proxy) => {
        await openLive(page, proxy);
        await page.locator("[data-id='3']").waitFor();
        let asked = 0;
        page.on("request", (request) => (asked += request.url().includes("/api/requests") ? 1 : 0));
        for (let turn = 0; turn < 2; turn++) {
            await page.waitForResponse((response) => response.url().endsWith("/metrics"));
        }
        assert.equal(asked, 0);
    });

    story("is filtered, and the filter stands in the address", {}, async (page, proxy) => {
        await openLive(page, proxy);
        await page.getByLabel("Retries", {exact: true}).selectOption("retried");
        await page.locator(".live-count", {hasText: "2 exchanges with retried true."}).waitFor();
        await page.getByLabel("Failed at").selectOption("dial");
        await page.locator(".live-count", {hasText: "1 exchange with retried true, stage dial."}).waitFor();
        assert.equal(new URL(page.url()).hash, "#/?retried=true&stage=dial");
        assert.deepEqual(await targets(page), ["POST /fails/pay"]);
        await page.goBack();
        await page.locator(".live-count", {hasText: "2 exchanges with retried true."}).waitFor();
        await page.getByRole("button", {name: "Clear filters"}).click();
        await page.locator(".live-count", {hasText: "3 exchanges."}).waitFor();
        await page.getByLabel("Status", {exact: true}).fill("200");
        await page.getByLabel("Status", {exact: true}).press("Enter");
        await page.locator(".live-count", {hasText: "2 exchanges with status 200."}).waitFor();
    });

    story("tells on a phone when an exchange ended and what it took", {}, async (page, proxy) => {
        await page.setViewportSize({width: 360, height: 800});
        await openLive(page, proxy);
        const row = page.locator("[data-id='2']");
        await row.waitFor();
        for (const column of ["request", "status", "outcome", "when", "took"]) {
            const box = await row.locator(`.column-${column}`).boundingBox();
            assert.ok(box !== null && box.width > 0 && box.x >= 0 && box.x + box.width <= 360, column);
        }
    });

    story("opens with the filter of its address", {}, async (page, proxy) => {
        await openLive(page, proxy, "#/?cause=connection_refused&route=fails");
        await page.locator(".live-count", {hasText: "1 exchange with cause connection_refused, route fails."}).waitFor();
        assert.equal(await page.getByLabel("Cause").inputValue(), "connection_refused");
    });

    story("says what is wrong with a filter, in the words of the proxy", {complaints: [/status of 400/]}, async (page, proxy) => {
        await openLive(page, proxy, "#/?cause=connection_refusd");
        await page.locator(".live-count", {hasText: "did you mean 'connection_refused'?"}).waitFor();
        assert.equal(await page.locator(".live-row").count(), 0);
    });

    story("goes on to older rows", {}, async (page, proxy) => {
        for (let i = 0; i < 60; i++) {
            await proxy.ask(`/many/${i}`);
        }
        await openLive(page, proxy);
        await page.locator("[data-id='63']").waitFor();
        await page.getByRole("button", {name: "Show older"}).click();
        await page.locator("[data-id='1']").waitFor();
        assert.equal(await page.locator(".live-row").count(), 63);
        assert.equal(await page.getByRole("button", {name: "Show older"}).isVisible(), false);
        await proxy.ask("/later");
        await page.locator("[data-id='64']").waitFor();
        assert.equal(await page.locator(".live-row").count(), 64);
    });
});

describe("an exchange", () => {
    story("is told attempt by attempt, with the decisions and the result", {}, async (page, proxy) => {
        await openLive(page, proxy);
        await page.getByRole("link", {name: "POST /fails/pay"}).click();
        const view = page.locator(".live-exchange");
        await view.getByRole("heading", {name: /^Exchange 2/}).waitFor();
        assert.equal(await view.getByRole("heading", {name: /^Attempt \d/}).count(), 3);
        assert.equal(await view.locator(".callout").innerText(), "✗ failed after 3 attempts: connection_refused at dial");
        assert.match(await view.innerText(), /nothing of the request was sent[^]*attempts are used up[^]*the client got 502/);
        assert.match(await page.title(), /^Exchange 2/);
        await shoot(page, "live-exchange");
    });

    story("has an address of its own", {}, async (page, proxy) => {
        await openLive(page, proxy, "#/request/1");
        await page.locator(".live-exchange .callout", {hasText: "succeeded after 1 retry"}).waitFor();
        assert.match(await page.locator(".live-exchange").innerText(), /Attempt 1 at gone[^]*Attempt 2 at there/);
    });

    story("that the log does not have is said to be none", {complaints: [/status of 404/]}, async (page, proxy) => {
        await openLive(page, proxy, "#/request/99");
        await page.locator(".live-exchange .callout", {hasText: "the log has no request 99"}).waitFor();
    });

    story("is opened and closed with keys alone", {}, async (page, proxy) => {
        await openLive(page, proxy);
        await page.locator("[data-id='3']").waitFor();
        await page.keyboard.press("Tab");
        assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the exchanges");
        await page.keyboard.press("Enter");
        await tabTo(page, "POST /fails/pay");
        await page.keyboard.press("Enter");
        await eventually("the title of the exchange has the focus", () =>
            page.evaluate(() => document.activeElement.id === "exchange-title" || document.activeElement.outerHTML));
        await page.keyboard.press("Escape");
        await eventually("the focus is back at the row", () =>
            page.evaluate(() => document.activeElement.textContent === "POST /fails/pay" || document.activeElement.outerHTML));
    });
});

async function tabTo(page, text) {
    for (let i = 0; i < 60; i++) {
        await page.keyboard.press("Tab");
        if ((await page.evaluate(() => document.activeElement.textContent)) === text) {
            return;
        }
    }
    assert.fail(`the Tab key never led to "${text}"`);
}

describe("counters", () => {
    story("and the plot tell of retries and failures while the page is open", {}, async (page, proxy) => {
        await openLive(page, proxy);
        await page.locator(".plot-caption", {hasText: "Kept by this page from now on"}).waitFor();
        await proxy.ask("/fails/again");
        await page.locator(".plot-caption", {hasText: "2 retries, 3 failures."}).waitFor();
        assert.equal(await page.locator(".plot-retries").count(), 1);
        assert.equal(await page.locator(".plot-failures").count(), 1);
        assert.match(await page.getByRole("img").getAttribute("aria-label"), /2 retries, 3 failures/);
        for (const path of ["/shop/1", "/fails/later", "/waits-not", "/fails/once-more"]) {
            await proxy.ask(path);
        }
        await page.locator(".live-counters .fact", {hasText: /^exchanges\s*8$/}).waitFor();
        await page.locator("[data-id='8']").waitFor();
        await shoot(page, "live-plot");
        await page.getByText("Failed attempts; a link shows the exchanges that ended so:").waitFor();
        await page.getByRole("link", {name: "connection_refused at dial"}).click();
        await page.locator(".live-count", {hasText: "4 exchanges with stage dial, cause connection_refused."}).waitFor();
    });

    story("and routes are there without a log, and the page says how to keep one", {log: false}, async (page, proxy) => {
        await openLive(page, proxy);
        await page.getByText("This proxy keeps no request log").waitFor();
        assert.equal(await page.locator(".live-table").isVisible(), false);
        await page.locator(".live-counters .fact", {hasText: /^attempts\s*6$/}).waitFor();
        await page.getByLabel("max_retries").waitFor();
        await shoot(page, "live-without-log");
    });

    story("stop where the proxy ends, and the page says so", {complaints: [/status of 503/, /ERR_CONNECTION/, /ERR_EMPTY_RESPONSE/]}, async (page, proxy) => {
        await openLive(page, proxy);
        const waiting = proxy.ask("/waits").catch(() => "cut");
        await page.locator(".live-counters .fact", {hasText: /^exchanges now\s*1$/}).waitFor();
        proxy.signal("SIGTERM");
        await page.locator(".live-health", {hasText: "draining"}).waitFor();
        proxy.signal("SIGTERM");
        await page.locator(".live-health", {hasText: "no answer"}).waitFor();
        assert.equal(await waiting, "cut");
    });
});

describe("max_retries of a route", () => {
    story("is changed, and holds for the next request", {}, async (page, proxy) => {
        await openLive(page, proxy);
        await page.getByLabel("Route", {exact: true}).last().selectOption("fails");
        await eventually("the route's own number is shown", async () => {
            const seen = await page.getByLabel("max_retries").inputValue();
            return seen === "2" || seen;
        });
        assert.match(await page.locator(".route-settings dl").textContent(), /deadlineoff/);
        await page.getByLabel("max_retries").fill("4");
        await page.getByRole("button", {name: "Apply"}).click();
        await page.getByText("fails has max_retries 4 from now on.").waitFor();
        await proxy.ask("/fails/five-times");
        await page.locator("[data-id='4']", {hasText: "failed after 5 attempts"}).waitFor();
    });

    story("that cannot be is refused with the sentence of the proxy", {complaints: [/status of 400/]}, async (page, proxy) => {
        await openLive(page, proxy);
        for (const wrong of ["-1", "often", ""]) {
            const said = await (await fetch(`${proxy.admin}/api/routes/shop`, {
                method: "PUT", body: JSON.stringify({max_retries: /^-?\d+$/.test(wrong) ? Number(wrong) : wrong}),
            })).json();
            await page.getByLabel("max_retries").fill(wrong);
            await page.getByRole("button", {name: "Apply"}).click();
            assert.match(said.error, /^body:\d+:\d+: /);
            await page.getByText(`✗ ${said.error.replace(/^body:\d+:\d+: /, "")}`, {exact: true}).waitFor();
        }
        assert.equal((await (await fetch(`${proxy.admin}/api/routes/shop`)).json()).max_retries, 2);
    });

    it("is changed by no page of another origin, and none shows the page in a frame", () => withProxy({}, async (proxy) => {
        const evil = createServer((_, response) => response.end("<!doctype html><title>evil</title>"));
        await new Promise((resolve) => evil.listen(0, "127.0.0.1", resolve));
        const origin = `http://127.0.0.1:${evil.address().port}`;
        try {
            await withPage(browser, {origin, complaints: [/./]}, async (page) => {
                await page.goto(origin);
                const outcome = await page.evaluate((url) => fetch(url, {method: "PUT", body: '{"max_retries":9}'}).then(
                    (response) => response.status, () => "refused"), `${proxy.admin}/api/routes/shop`);
                assert.equal(outcome, "refused");
                await page.evaluate((url) => document.body.append(Object.assign(document.createElement("iframe"), {src: url})), `${proxy.admin}/`);
                await eventually("the frame shows nothing of ours", async () => {
                    const frame = page.frames()[1];
                    return frame?.url().startsWith("chrome-error:") || frame?.url();
                });
            });
        } finally {
            evil.close();
        }
        assert.equal((await (await fetch(`${proxy.admin}/api/routes/shop`)).json()).max_retries, 2);
    }));

    it("is changed by no page under a name that was made to lead here", () => withProxy({}, async (proxy) => {
        const origin = proxy.admin.replace("127.0.0.1", "evil.test");
        await withPage(browser, {origin, complaints: [/status of 403/]}, async (page) => {
            await openLive(page, {admin: origin});
            await eventually("the form is filled", async () => (await page.getByLabel("max_retries").inputValue()) === "2");
            await page.getByLabel("max_retries").fill("9");
            await page.getByRole("button", {name: "Apply"}).click();
            await page.getByText("may change something here").waitFor();
        });
        assert.equal((await (await fetch(`${proxy.admin}/api/routes/shop`)).json()).max_retries, 2);
    }));
});

describe("the theme", () => {
    story("follows the system until the reader says otherwise, and stays", {}, async (page, proxy) => {
        const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        await page.emulateMedia({colorScheme: "light"});
        await openLive(page, proxy);
        const light = await ground();
        await page.emulateMedia({colorScheme: "dark"});
        const dark = await ground();
        assert.notEqual(light, dark);
        await page.getByRole("button", {name: /^. ?Theme/}).or(page.locator(".theme-button")).first().click();
        assert.equal(await ground(), light);
        await page.reload();
        assert.equal(await ground(), light);
    });
});
