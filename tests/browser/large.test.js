/** A report of five thousand cases is as quick to open as a small one. */
import assert from "node:assert/strict";
import {statSync} from "node:fs";
import {join} from "node:path";
import {pathToFileURL} from "node:url";
import {after, before, describe, it} from "node:test";
import {launch, withPage} from "./browser.js";
import {makeFolder, removeFolder, run} from "./program.js";

const CASES_MIN = 5000;
/** What people see as at once. A machine that does other things may need a second try. */
const INTERACTIVE_MS_MAX = 2000;
const TRIES = 2;
/** Of all cases at once there would be tens of thousands: only what is open is in the document. */
const NODES_MAX = 15000;
const BYTES_MAX = 4e6;

let browser;
let folder;
let page;

before(async () => {
    folder = makeFolder();
    const ran = run("run", "--world", "sim", "--tag", "not large", "--report", `html=${join(folder, "html")}`,
        "scenarios/presets", "scenarios/forward", "scenarios/post-write", "scenarios/tunnel");
    assert.equal(ran.status, 0, ran.stderr);
    page = join(folder, "html", "index.html");
    browser = await launch();
});
after(async () => {
    await browser?.close();
    removeFolder(folder);
});

describe("a report of five thousand cases", () => {
    it("is small enough to be mailed", () => {
        const {size} = statSync(page);
        console.log(`${size} bytes`);
        assert.ok(size < BYTES_MAX, `${size} bytes`);
    });

    it("is there in less than two seconds, with what is open alone in the document", async () => {
        const times = [];

        do {
            await withPage(browser, {}, async (view) => {
                const {ms, nodes, cases} = await openTimed(view);
                console.log(`${cases} cases: interactive after ${Math.round(ms)} ms, ${nodes} nodes`);
                assert.ok(cases >= CASES_MIN, `${cases} cases`);
                assert.ok(nodes < NODES_MAX, `${nodes} nodes`);
                times.push(ms);
            });
        } while (times[times.length - 1] > INTERACTIVE_MS_MAX && times.length < TRIES);
        assert.ok(Math.min(...times) <= INTERACTIVE_MS_MAX, `interactive after ${times.map(Math.round).join(" and ")} ms`);
    });

    it("is filtered while one types", () => withPage(browser, {}, async (view) => {
        await openTimed(view);
        const [slowest, shown] = await view.evaluate(async () => {
            const field = document.getElementById("filter-text");
            const said = document.querySelector(".filter-count");
            const before = said.textContent;
            const began = performance.now();
            field.value = "connect";
            field.dispatchEvent(new Event("input", {bubbles: true}));
            while (said.textContent === before) {
                await new Promise((resolve) => requestAnimationFrame(resolve));
            }
            return [performance.now() - began, said.textContent];
        });
        console.log(`filtered after ${Math.round(slowest)} ms: ${shown}`);
        assert.match(shown, /\d/);
    }));
});

async function openTimed(view) {
    await view.goto(pathToFileURL(page).href);
    await view.waitForFunction(() => performance.getEntriesByName("retryproof-interactive").length > 0);
    return view.evaluate(() => ({
        ms: performance.getEntriesByName("retryproof-interactive")[0].startTime, // since the navigation began
        nodes: document.querySelectorAll("*").length,
        cases: Number(/([\d,]+) cases/.exec(document.querySelector("h1").textContent)[1].replaceAll(",", "")),
    }));
}
