/** The page of a report: made by a real run, opened from the disk. */
import assert from "node:assert/strict";
import {createHash} from "node:crypto";
import {readdirSync, readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {pathToFileURL} from "node:url";
import {after, before, describe, it} from "node:test";
import {eventually, expectAccessible, launch, shoot, withPage} from "./browser.js";
import {makeFolder, removeFolder, run} from "./program.js";

/** A sentence that is wrong, so that there is a failure to look at. */
const WRONG = `name: a POST that was cut off is sent again, and to another upstream
stage: post-write
level: must
source: RFC 9110 9.2.2
proxy: {max_retries: 2, response_timeout: 500ms}
client: [request: {method: POST, path: /pay, body: 11}]
upstreams:
  a: [[read: request, end: fin]]
  b: [[read: request, respond: 200]]
expect: {attempts: 2, delivered: {a: 1, b: 1}, client: {status: 200}}
`;
const SENTENCE = "a POST that was cut off is sent again, and to another upstream";

let browser;
let folder;
let url;
let result;

before(async () => {
    folder = makeFolder();
    writeFileSync(join(folder, "wrong.yaml"), WRONG);
    const ran = run("run", "--world", "sim", "--report", `html=${join(folder, "html")}`,
        "--report", `pcapng=${join(folder, "captures")}`, "--report", `json=${join(folder, "result.json")}`,
        join(folder, "wrong.yaml"), "scenarios/dial", "scenarios/handshake");
    assert.equal(ran.status, 1, `the wrong sentence fails: ${ran.stderr}`);
    url = pathToFileURL(join(folder, "html", "index.html")).href;
    result = JSON.parse(readFileSync(join(folder, "result.json"), "utf8"));
    browser = await launch();
});
after(async () => {
    await browser?.close();
    removeFolder(folder);
});

function story(sentence, play, context) {
    it(sentence, () => withPage(browser, {context}, play));
}

async function open(page, hash = "") {
    await page.goto("about:blank"); // another fragment alone would not load the page anew
    await page.goto(`${url}${hash}`);
    await page.locator("main h1").waitFor();
}

async function openFailure(page) {
    await open(page, "#/?verdict=fail");
    await page.locator("#failures-title").waitFor();
    await page.getByRole("link", {name: SENTENCE}).first().click();
    await page.getByRole("heading", {level: 1, name: SENTENCE}).waitFor();
}

const shownCount = (page) => page.locator(".filter-count").innerText();

async function expectShown(page, expected) {
    await eventually(`${expected} cases are shown`, async () => {
        const said = await shownCount(page);
        return said.replaceAll(",", "").includes(String(expected)) || said;
    });
}

const casesWith = (name, value) => result.cases.filter((one) => one[name] === value).length;

describe("the first view", () => {
    story("says how the run went, what failed, and how to do it again", async (page) => {
        await open(page);
        assert.match(await page.locator("h1").innerText(), new RegExp(`1 of ${result.cases.length.toLocaleString("en-US")} cases failed`));
        for (const title of ["What failed", "Matrix", "Stages", "Slowest cases", "Provenance", "Reproduce"]) {
            await page.getByRole("heading", {level: 2, name: title}).waitFor();
        }
        assert.match(await page.locator("section", {has: page.locator("#reproduce-title")}).innerText(), /retryproof run --world sim/);
        await shoot(page, "report");
    });

    story("has a matrix whose stages fold, and whose cells have two parts", async (page) => {
        await open(page);
        await page.getByRole("button", {name: "Open all stages"}).click();
        const stage = page.locator("details[data-stage=dial]");
        const cell = stage.locator("a.cell, button.cell").first();
        await cell.waitFor();
        assert.match(await cell.locator(".cell-client").innerText(), /^\S/);
        assert.match(await cell.locator(".cell-counts").innerText(), /\d\/\d/);
        await stage.locator("summary").click();
        await cell.waitFor({state: "detached"});
        await page.getByRole("button", {name: "Close all"}).click();
        assert.equal(await page.locator(".matrix-table").count(), 0);
    });

    story("groups what failed by scenario, and tells what was found in how many cases", async (page) => {
        await open(page);
        const group = page.locator(".failed-scenario");
        assert.equal(await group.count(), 1);
        assert.match(await group.innerText(), /post-write · 1 case/);
        assert.equal(await group.locator(".failed-finding").innerText(), result.cases.find((one) => one.verdict === "fail").sentences[0]);
        const told = await page.evaluate(async () => {
            const {failedScenarios} = await import("retryproof/report/failures");
            const entry = (id, finding, more = {}) => ({id, finding, subject: "builtin", verdict: "fail", level: "must", ...more});
            const groups = failedScenarios([
                entry("dial/a[end=fin]", "one", {level: "should"}), entry("dial/b[end=fin]", "two"), entry("dial/b[end=rst]", "one"),
                entry("dial/b[end=stall]", "one"), entry("dial/b-too", "one", {verdict: "error"}), entry("dial/c", undefined, {verdict: "pass"}),
            ]);

            return groups.map(({entries, findings}) => [entries[0].id, [...findings].map(([finding, cases]) => `${finding} ${cases.length}`)]);
        });
        assert.deepEqual(told, [["dial/b[end=fin]", ["one 2", "two 1"]], ["dial/b-too", ["one 1"]], ["dial/a[end=fin]", ["one 1"]]]);
    });

    story("shows a plain list in the place of the matrix, and says so in the address", async (page) => {
        await open(page, "#/?stage=dial");
        await page.getByRole("button", {name: "List", exact: true}).click();
        assert.equal(new URL(page.url()).hash, "#/?stage=dial&view=list");
        await page.locator(".plain-cases .case-row").first().waitFor();
        assert.equal(await page.locator(".matrix-table").count(), 0);
        await page.locator("button[data-verdict=pass]").click();
        assert.match(new URL(page.url()).hash, /view=list/);
        await page.locator(".plain-cases .case-row a").first().click();
        await page.locator(".breadcrumb a").click();
        await page.locator(".plain-cases .case-row").first().waitFor();
        await page.getByRole("button", {name: "Matrix", exact: true}).click();
        await page.locator("details[data-stage=dial]").waitFor();
    });

    story("shows the cases that are asked for, and says so in the address", async (page) => {
        await open(page);
        await expectShown(page, result.cases.length);
        await page.getByLabel("Stage", {exact: true}).selectOption("dial");
        await expectShown(page, casesWith("stage", "dial"));
        assert.equal(await page.locator("details.stage").count(), 1);
        assert.equal(new URL(page.url()).hash, "#/?stage=dial");
        await page.getByLabel("Method", {exact: true}).selectOption("POST");
        const both = result.cases.filter((one) => one.stage === "dial" && one.method === "POST").length;
        await expectShown(page, both);
        await page.getByRole("button", {name: "Show all"}).click();
        await expectShown(page, result.cases.length);
        await page.locator("button[data-verdict=fail]").click();
        await expectShown(page, 1);
        assert.equal(await page.locator("button[data-verdict=fail]").getAttribute("aria-pressed"), "true");
        await page.getByRole("button", {name: "Show all"}).click();
        await page.keyboard.press("/");
        await page.keyboard.type("cut off");
        await expectShown(page, 1);
        await page.keyboard.type(" and nothing like it");
        await page.getByText("No case is like that").waitFor();
    });

    story("opens with the filter of its address", async (page) => {
        await open(page, "#/?stage=handshake&method=GET");
        await expectShown(page, result.cases.filter((one) => one.stage === "handshake" && one.method === "GET").length);
        assert.equal(await page.getByLabel("Stage", {exact: true}).inputValue(), "handshake");
    });

    story("is dark where the system is, and where the reader says so", async (page) => {
        const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        await page.emulateMedia({colorScheme: "light"});
        await open(page);
        const light = await ground();
        await page.emulateMedia({colorScheme: "dark"});
        const dark = await ground();
        assert.notEqual(light, dark);
        await page.locator(".theme-button").click(); // system, then light
        assert.equal(await ground(), light);
        await page.locator(".theme-button").click();
        await page.emulateMedia({colorScheme: "light"});
        assert.equal(await ground(), dark);
    });

    story("is walked with keys alone, into a case and back", async (page) => {
        await open(page);
        await page.keyboard.press("Tab");
        assert.equal(await page.evaluate(() => document.activeElement.className), "skip-link");
        const link = page.getByRole("link", {name: SENTENCE}).first();
        for (let i = 0; i < 60 && !(await link.evaluate((element) => element === document.activeElement)); i++) {
            await page.keyboard.press("Tab");
        }
        assert.ok(await link.evaluate((element) => element === document.activeElement), "the failure is reached by the Tab key");
        await page.keyboard.press("Enter");
        await eventually("the sentence has the focus", () => page.evaluate((sentence) =>
            (document.activeElement.tagName === "H1" && document.activeElement.textContent === sentence) || document.activeElement.outerHTML, SENTENCE));
        await page.goBack();
        await eventually("the focus is back at the link", () => link.evaluate((element) =>
            element === document.activeElement || document.activeElement.outerHTML));
    });
});

/** In the page: what within a part of it is in one of the colours of verdicts. */
function verdictColoursWithin(selector) {
    const probe = document.body.appendChild(document.createElement("i"));
    const verdicts = new Set(["good", "bad", "warn"].flatMap((tone) => [tone, `${tone}-ground`, `${tone}-line`]).map((name) => {
        probe.style.color = `var(--${name})`;
        return getComputedStyle(probe).color;
    }));
    const found = new Set();

    probe.remove();
    for (const element of document.querySelectorAll(selector.split(", ").map((one) => `${one} *`).join(", "))) {
        const style = getComputedStyle(element);
        for (const name of ["color", "backgroundColor", "borderTopColor", "borderLeftColor", "fill", "stroke"]) {
            if (verdicts.has(style[name])) {
                found.add(`${element.tagName}.${element.getAttribute("class")}: ${name}`);
            }
        }
    }
    return [...found];
}

describe("a run that was divided", () => {
    /** Its shards are played, and a page made of those results that are named. */
    function divided(args) {
        const shards = [1, 2, 3].map((number) => join(folder, `shard-${number}.json`));
        shards.forEach((shard, index) => run("run", "--world", "sim", "--shard", `${index + 1}/3`, "--report", `json=${shard}`, "scenarios/dial"));
        const rendered = run("report", "render", ...args(shards), "--report", `html=${join(folder, "divided")}`);
        assert.equal(rendered.status, 0, rendered.stderr);
        return pathToFileURL(join(folder, "divided", "index.html")).href;
    }

    story("says on the page of a shard that it is one", async (page) => {
        await page.goto(divided(([, second]) => [second]));
        const said = page.locator(".run-head .callout");
        await said.waitFor();
        assert.match(await said.innerText(), /^A part of a run\. Shard 2 of 3 alone: [\d,]+ of [\d,]+ cases\.$/);
        assert.equal(await said.getAttribute("data-tone"), "warn");
        await shoot(page, "shard");
    });

    story("names the shards that were not there", async (page) => {
        await page.goto(divided(([first, , third]) => ["--partial", first, third]));
        await page.getByText(/^A part of a run\. Merged from shards 1, 3 of 3: .* without shard 2\.$/).waitFor();
    });

    story("is whole when all of them were there", async (page) => {
        await page.goto(divided((shards) => shards));
        await page.getByText("Merged from all 3 shards.").waitFor();
        await expectAccessible(page, "a merged run");
    });

    story("is not spoken of where it was not", async (page) => {
        await open(page);
        assert.equal(await page.locator(".run-head .callout").count(), 0);
    });
});

describe("a case", () => {
    story("tells what was expected beside what was seen, each attempt, the wire and the scenario", async (page) => {
        await openFailure(page);
        assert.match(await page.title(), /a POST that was cut off/);
        for (const title of ["What is wrong", "What happened", "Expected and observed", "Attempts", "On the wire", "Scenario", "Reproduce"]) {
            await page.getByRole("heading", {level: 2, name: title}).waitFor();
        }
        assert.match(await page.locator(".expectations").innerText(), /attempts\s+2\s+1/);
        assert.match(await page.locator(".story").innerText(), /On the wire a closed the connection\./);
        assert.match(await page.locator(".capture").innerText(), /Where they listen: the proxy at 127[^]*, a at 127/);
        assert.doesNotMatch(await page.locator(".capture").innerText(), /-Y http/);
        const {trace_hash: hash} = result.cases.find((one) => one.verdict === "fail");
        assert.ok((await page.locator("main").innerText()).includes(`0x${BigInt(hash).toString(16).padStart(16, "0")}`), "the fingerprint as the terminal has it");
        assert.equal(await page.getByRole("heading", {name: /^Attempt 1/}).count(), 1);
        assert.match(await page.locator("main").innerText(), /read: request, end: fin/);
        assert.deepEqual(await page.locator(".code-line").filter({hasText: "did not hold"}).evaluateAll((lines) => lines.map((line) => line.dataset.line)), ["10"]);
        assert.ok(await page.locator(".timeline-drawing .step").count() > 4, "the timeline has steps");
        assert.match(await page.locator(".wire-list").innerText(), /POST \/pay HTTP\/1\.1/);
        await shoot(page, "case-failed");
    });

    story("tells what happened in colours and signs that no verdict has", async (page) => {
        await openFailure(page);
        for (const colorScheme of ["light", "dark"]) {
            await page.emulateMedia({colorScheme});
            await page.locator(".timeline-drawing .band").first().waitFor({state: "attached"});
            assert.deepEqual(await page.evaluate(verdictColoursWithin, ".attempt-flow, .wire-pair"), [], colorScheme);
            assert.notDeepEqual(await page.evaluate(verdictColoursWithin, ".expectations"), [], "what is broken has its colour");
        }
        assert.match(await page.locator(".attempt-card").first().innerText(), /⊘\s+failed at post-write/);
        assert.doesNotMatch(await page.locator(".attempt-flow").innerText(), /[✓✗]/);
    });

    story("shows on a phone what was observed, too", async (page) => {
        await page.setViewportSize({width: 360, height: 800});
        await openFailure(page);
        const box = await page.locator(".expectations [data-name=observed]").first().boundingBox();
        assert.ok(box.x >= 0 && box.x + box.width <= 360, JSON.stringify(box));
    });

    story("has an address of its own", async (page) => {
        const failed = result.cases.find((one) => one.verdict === "fail");
        await open(page, `#/case/${encodeURIComponent(failed.id)}@${failed.world}`);
        await page.getByRole("heading", {level: 1, name: SENTENCE}).waitFor();
        await open(page, "#/case/no-such-case@sim");
        await page.getByText("It holds no case no-such-case@sim").waitFor();
        await page.getByRole("link", {name: "To the summary"}).click();
        await page.getByRole("heading", {level: 2, name: "Matrix"}).waitFor();
    });

    story("has a timeline that is zoomed by buttons and by keys", async (page) => {
        await openFailure(page);
        const height = () => page.locator(".timeline-drawing").evaluate((drawing) => drawing.getBoundingClientRect().height);
        const zoomed = page.locator(".zoom-said");
        await page.locator(".timeline-drawing").waitFor();
        const whole = await height();
        await page.getByRole("button", {name: "Zoom in"}).click();
        await zoomed.filter({hasText: "140 %"}).waitFor();
        assert.ok(await height() > whole, "it is larger");
        await page.getByRole("button", {name: "Zoom out"}).click();
        await zoomed.filter({hasText: "100 %"}).waitFor();
        assert.equal(await height(), whole);
        await page.locator(".timeline-scroller").focus();
        await page.keyboard.press("+");
        await zoomed.filter({hasText: "140 %"}).waitFor();
        await page.keyboard.press("0");
        await zoomed.filter({hasText: "100 %"}).waitFor();
        await page.getByRole("button", {name: "True to time"}).click();
        assert.equal(await page.getByRole("button", {name: "True to time"}).getAttribute("aria-pressed"), "true");
        await expectAccessible(page, "a timeline that is true to time");
    });

    story("marks an event of the timeline in the wire log, and shows bytes as hex", async (page) => {
        await openFailure(page);
        await page.locator(".wire-line .wire-number").nth(2).click();
        await page.locator(".timeline-drawing .step.marked").waitFor();
        await page.getByRole("button", {name: "Hex"}).click();
        await eventually("POST is told in hexadecimal digits", async () => {
            const text = await page.locator(".wire-list").innerText();
            return /50 4f 53 54/i.test(text) || text;
        });
    });

    story("gives the command that plays it again to the clipboard", async (page) => {
        await openFailure(page);
        const {reproduce} = result.cases.find((one) => one.verdict === "fail");
        const section = page.locator("section", {has: page.getByRole("heading", {level: 2, name: "Reproduce"})});
        await section.getByRole("button", {name: "Copy the command"}).first().click();
        await section.getByText("Copied").first().waitFor();
        assert.equal(await page.evaluate(() => navigator.clipboard.readText()), reproduce);
    }, {permissions: ["clipboard-read", "clipboard-write"]});

    story("hands out a capture of its bytes", async (page) => {
        await openFailure(page);
        const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", {name: /Download the capture/}).click()]);
        const bytes = readFileSync(await download.path());
        const exported = readdirSync(join(folder, "captures")).filter((name) => name === download.suggestedFilename());
        assert.equal(exported.length, 1, `${download.suggestedFilename()} is among what the program exports`);
        assert.ok(bytes.equals(readFileSync(join(folder, "captures", exported[0]))), "and is the same, byte for byte");
    });

    story("has captures that are, for every case, what the program exports", async (page) => {
        await open(page);
        const names = readdirSync(join(folder, "captures"));
        const made = await page.evaluate(async () => {
            const {captureName, captureOf} = await import("retryproof/report/capture");
            const {embedded} = await import("retryproof/parts/data");
            const index = await embedded("index");
            const digest = async (bytes) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
            const all = [];
            for (const [place, entry] of index.cases.entries()) {
                const {recording} = (await embedded(`cases-${Math.floor(place / index.chunk)}`))[place % index.chunk];
                if (recording) {
                    all.push([captureName(entry), await digest(captureOf(recording, entry, index.run))]);
                }
            }
            return all;
        });
        assert.equal(made.length, names.length, "as many as there are files");
        for (const [name, digest] of made) {
            const file = readFileSync(join(folder, "captures", name));
            assert.equal(digest, createHash("sha256").update(file).digest("hex"), name);
        }
    });

    story("over TLS is shown, too", async (page) => {
        await open(page, "#/?stage=handshake");
        await page.locator("details[data-stage=handshake] a.cell").first().click();
        await page.getByRole("heading", {level: 2, name: "On the wire"}).waitFor();
        await shoot(page, "case-tls");
    });

    story("leads on to the next one, and back to where it was opened", async (page) => {
        await open(page, "#/?stage=dial");
        const cell = page.locator("details[data-stage=dial] a.cell").first();
        await cell.click();
        const first = await page.locator("h1").innerText();
        await page.locator("a[rel=next]").click();
        await eventually("another address", () => page.evaluate((before) => location.href !== before, page.url()).then(() => true));
        assert.ok(first.length > 0);
        await page.getByRole("link", {name: "Matrix"}).first().click();
        assert.equal(new URL(page.url()).hash, "#/?stage=dial");
        await page.locator("#matrix-title").waitFor();
    });
});
