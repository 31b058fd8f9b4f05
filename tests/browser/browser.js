/**
 * A real browser for tests: Debian's Chromium, driven by playwright-core. Each story gets a page of its own; what the page
 * complains of, or asks of anybody else than it may, fails the story.
 */
import assert from "node:assert/strict";
import {mkdirSync, readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {join} from "node:path";
import {chromium} from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SCREENSHOTS = process.env.SCREENSHOTS ?? "screenshots";
const WIDTHS = [360, 1280, 1920];
/** Of a picture; nobody scrolls through more of it. */
const HEIGHT_MAX = 4000;
const THEMES = ["light", "dark"];
/** Whatever is waited for comes in moments; on a busy machine in seconds. */
const PATIENCE_MS = 30000;

/** @param {string[]} [more] further arguments of Chromium */
export function launch(more = []) {
    const sandbox = process.getuid() === 0 ? ["--no-sandbox"] : []; // Chromium refuses one to root

    return chromium.launch({executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: [...sandbox, ...more]});
}

/**
 * Plays a story in a page of its own.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {{origin?: string, complaints?: RegExp[], context?: object}} options origin: the only one that may be asked, none unless
 *        said; complaints: what the browser will say of the story, such as a status that is refused on purpose
 * @param {(page: import("playwright-core").Page) => Promise<void>} story
 */
export async function withPage(browser, {origin, complaints = [], context = {}}, story) {
    const place = await browser.newContext({viewport: {width: 1280, height: 900}, ...context});
    const page = await place.newPage();
    const heard = [];

    page.setDefaultTimeout(PATIENCE_MS);
    page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") {
            heard.push(`console: ${message.text()}`);
        }
    });
    page.on("pageerror", (error) => heard.push(`error: ${error.stack}`));
    page.on("request", (request) => {
        const url = new URL(request.url());
        if (!["file:", "data:", "blob:"].includes(url.protocol) && url.origin !== origin) {
            heard.push(`asked ${url}`);
        }
    });
    try {
        await story(page);
        assert.deepEqual(heard.filter((line) => !complaints.some((known) => known.test(line))), [], "the page is quiet");
    } finally {
        await place.close();
    }
}

/** No serious or critical fault of accessibility, as axe-core sees it. */
export async function expectAccessible(page, where) {
    if (!(await page.evaluate(() => "axe" in window))) {
        await page.evaluate(AXE);
    }
    const violations = await page.evaluate(async () => (await window.axe.run(document, {resultTypes: ["violations"]})).violations);
    const serious = violations.filter(({impact}) => ["serious", "critical"].includes(impact));

    assert.deepEqual(serious.map(({id, nodes}) => `${id}: ${nodes.map(({html, failureSummary}) => `${html} ${failureSummary}`).join("\n")}`), [],
        `${where} is accessible`);
}

/**
 * A picture of the page in each width and theme, for people to look at; nothing may stand out of the page, and axe-core
 * looks at each theme.
 */
export async function shoot(page, name) {
    const before = page.viewportSize();

    mkdirSync(SCREENSHOTS, {recursive: true});
    for (const theme of THEMES) {
        await page.emulateMedia({colorScheme: theme, reducedMotion: "reduce"});
        for (const width of WIDTHS) {
            await page.setViewportSize({width, height: 900});
            const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
            assert.ok(over <= 0, `${name} fits into ${width} px, but is ${over} px wider`);
            const height = Math.min(await page.evaluate(() => document.documentElement.scrollHeight), HEIGHT_MAX);
            await page.screenshot({path: join(SCREENSHOTS, `${name}-${width}-${theme}.png`), fullPage: true, clip: {x: 0, y: 0, width, height}});
        }
        await expectAccessible(page, `${name} in ${theme}`);
    }
    await page.emulateMedia({colorScheme: null, reducedMotion: null});
    await page.setViewportSize(before);
}

/** Waits until a function says what is expected; the last it said is told if it never does. */
export async function eventually(what, ask) {
    const until = Date.now() + PATIENCE_MS;
    let seen;

    for (;;) {
        seen = await ask();
        if (seen === true) {
            return;
        }
        assert.ok(Date.now() < until, `${what}; last seen: ${JSON.stringify(seen)?.slice(0, 500)}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}
