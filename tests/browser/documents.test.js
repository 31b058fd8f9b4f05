/** Other results in a report: an exploration, acceptance coverage, proxies side by side, the wrong proxies; and the values behind the pages. */
import assert from "node:assert/strict";
import {readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {pathToFileURL} from "node:url";
import {after, before, describe, it} from "node:test";
import {eventually, launch, shoot, withPage} from "./browser.js";
import {makeFolder, removeFolder, ROOT, run} from "./program.js";

const WRONG = {
    schema: "retryproof-wrong-1", command: "tests/wrong/table.sh --json build/dev",
    proxies: [
        {name: "wrong-accepts-two-lengths", suite: {failed: 3, played: 40, sentence: "it took <b>both</b>"},
            exploration: {claim: "one-length", failed: 17, played: 3397, schedule: ["upstream a closes"], on_sockets: true}},
        {name: "wrong-leaks-a-connection", suite: null, exploration: null},
    ],
};
/** Of two runs, one of which breaks two claims. */
const BROKEN = "reports/exploration/golden/result.json";
const SUBJECTS = ["nginx-default", "haproxy-default", "nginx-most-retrying"];

let browser;
let folder;
let url;
let exploration;

before(async () => {
    folder = makeFolder();
    const explored = join(folder, "explored.json");
    const wrong = join(folder, "wrong.json");
    const covered = join(folder, "covered.json");
    run("explore", "--quiet", "--save", folder, "--report", `json=${explored}`, "scenarios/bases/a-connect-gets-a-tunnel-for-bytes-both-ways.yaml");
    exploration = JSON.parse(readFileSync(explored, "utf8"));
    run("coverage", "--quiet", "--report", `json=${covered}`, "scenarios/dial");
    writeFileSync(wrong, JSON.stringify(WRONG));
    const attached = [explored, wrong, ...SUBJECTS.map((name) => join(ROOT, "scenarios/results", `${name}.json`)), covered, join(ROOT, BROKEN)];
    const rendered = run("report", "render", ...attached.flatMap((path) => ["--attach", path]), "--report", `html=${join(folder, "html")}`);
    assert.equal(rendered.status, 0, rendered.stderr);
    url = pathToFileURL(join(folder, "html", "index.html")).href;
    browser = await launch();
});
after(async () => {
    await browser?.close();
    removeFolder(folder);
});

function story(sentence, number, title, play) {
    it(sentence, () => withPage(browser, {}, async (page) => {
        await page.goto(`${url}#/document/${number}`);
        await page.getByRole("heading", {level: 1, name: title}).waitFor();
        await play(page);
    }));
}

describe("a report without a run", () => {
    it("has a card for each result, with what came of it and its figures", () => withPage(browser, {}, async (page) => {
        await page.goto(url);
        const cards = page.locator(".document-card");
        await eventually("every card has its figures", async () => (await cards.filter({has: page.locator(".figure")}).count()) === 5);
        assert.match(await cards.nth(1).innerText(), /something is wrong[^]*2\s+wrong proxies[^]*1\s+caught by neither/);
        assert.match(await cards.nth(2).innerText(), /^3 results side by side/);
        await shoot(page, "documents");
        await cards.nth(0).getByRole("link").click();
        await page.getByRole("heading", {level: 1, name: "Exploration"}).waitFor();
    }));

    it("opens on its only result", () => withPage(browser, {}, async (page) => {
        const rendered = run("report", "render", "--attach", join(folder, "wrong.json"), "--report", `html=${join(folder, "alone")}`);
        assert.equal(rendered.status, 0, rendered.stderr);
        await page.goto(pathToFileURL(join(folder, "alone", "index.html")).href);
        await page.getByRole("heading", {level: 1, name: "Wrong proxies"}).waitFor();
        assert.equal(await page.locator(".page-nav a[aria-current]").count(), 1);
    }));
});

describe("an exploration", () => {
    story("tells its runs, its claims, and those that no run exercised", 0, "Exploration", async (page) => {
        const text = await page.locator(".document").innerText();
        assert.ok(text.includes(exploration.totals.runs.toLocaleString("en-US")));
        for (const claim of exploration.claims) {
            assert.ok(text.includes(claim.sentence), claim.sentence);
        }
        const silent = exploration.claims.filter((claim) => claim.exercised === 0);
        const said = await page.locator(".callout").innerText();
        silent.forEach((claim) => assert.ok(said.includes(claim.name), claim.name));
        await shoot(page, "exploration");
    });
});

describe("an exploration that found something", () => {
    story("tells a run that breaks several claims once, with all of them", 3 + SUBJECTS.length, "Exploration", async (page) => {
        const failures = page.locator(".failure");
        assert.equal(await failures.count(), 2);
        assert.match(await page.locator(".figures").innerText(), /2\s+different failures/);
        assert.match(await failures.nth(0).locator("summary").first().innerText(), /no-retry-after-a-byte[^]*names-lead-where-they-say[^]*post-write\/once/);
        assert.equal(await failures.nth(0).locator(".failure-sentence").count(), 2);
        assert.equal(await failures.nth(0).getByText("upstream a's connection 1 resets").count(), 1);
        assert.equal(await failures.nth(0).getByRole("button", {name: "Copy the command"}).count(), 2);
        await shoot(page, "exploration-broken");
    });

    story("is told so, too, where an older result has a failure for each claim", 3 + SUBJECTS.length, "Exploration", async (page) => {
        const told = await page.evaluate(async () => {
            const {failedRuns} = await import("retryproof/report/exploration_page");
            const old = (claim, trace) => ({base: "b", claim, claim_number: 1, faults: ["f"], file: null, order: [], reproduce: null, seed: "1", sentences: [claim], trace_hash: trace});

            return failedRuns([old("one", "7"), old("two", "8"), old("three", "7")]).map(({claims}) => claims.map(({name}) => name));
        });
        assert.deepEqual(told, [["one", "three"], ["two"]]);
    });
});

describe("acceptance coverage", () => {
    story("is a page of its own", 2 + SUBJECTS.length, "What the suite covers", (page) => shoot(page, "coverage"));
});

describe("the wrong proxies", () => {
    story("are told with what catches them, as text and never as markup", 1, "Wrong proxies", async (page) => {
        const rows = page.locator(".document-table tbody tr");
        assert.equal(await rows.count(), WRONG.proxies.length);
        assert.match(await rows.nth(0).innerText(), /accepts two lengths[^]*suite and exploration[^]*3 of 40[^]*it took <b>both<\/b>[^]*17 of 3,397/);
        assert.match(await rows.nth(1).innerText(), /leaks a connection[^]*nobody/);
        await shoot(page, "wrong-proxies");
    });
});

describe("proxies side by side", () => {
    story("are one comparison with one link, harms first", 2, "Proxies side by side", async (page) => {
        assert.equal(await page.locator(".page-nav a", {hasText: "side by side"}).count(), 1);
        assert.equal(await page.locator(".comparison").first().locator("thead tr").nth(1).locator("th").count(), SUBJECTS.length);
        assert.match(await page.locator(".comparison tbody tr").first().innerText(), /^!!/);
        await shoot(page, "comparison");
    });

    story("open the cases of a cell, and take the focus back to it", 3, "Proxies side by side", async (page) => {
        const cell = page.locator("td[data-tone=bad] .subject-cell").first();
        const dialog = page.getByRole("dialog");
        await cell.click();
        await dialog.waitFor();
        assert.match(await dialog.locator("pre").first().innerText(), /^retryproof run --subject nginx --profile [a-z-]+ --expect rfc9110 scenarios\/any-proxy\//);
        await page.keyboard.press("Escape");
        await dialog.waitFor({state: "detached"});
        assert.ok(await cell.evaluate((element) => element === document.activeElement));
    });

    story("are shown by the columns and rows that are chosen", 2, "Proxies side by side", async (page) => {
        const rows = async () => Number(/^(\d+) row/.exec(await page.getByText(/rows? for \d+ columns?/).innerText())[1]);
        const all = await rows();
        await page.getByLabel("only rows that differ").check();
        await eventually("fewer rows", async () => (await rows()) < all);
        await page.getByRole("button", {name: "most-retrying", exact: true}).click();
        await page.getByText(/rows? for 1 column\./).waitFor();
        assert.equal(await rows(), 0, "one column alone differs from nothing");
    });
});

describe("the values behind the pages", () => {
    story("are as the formats say", 1, "Wrong proxies", async (page) => {
        const told = await page.evaluate(async () => {
            const {gridValues} = await import("retryproof/report/scenario_text");
            const {hexText, readableNodes, startLine} = await import("retryproof/report/byte_text");
            const {tlsRecords} = await import("retryproof/report/tls_records");
            const {readRecording} = await import("retryproof/report/recording");
            const {caseStory} = await import("retryproof/report/case_story");
            const {fingerprint} = await import("retryproof/parts/words");
            const storyOf = (raw, events, entry) => caseStory(readRecording({...raw, events, lanes: [{name: "client", role: "client"}, {name: "proxy", role: "proxy"}, {name: "a", role: "upstream"}],
                connections: [{name: "client#1", lane: 0}, {name: "a#1", lane: 2, tls: true, streams: {down: {data: "\x17\x03\x03\x00\x01x", total: 6}}}]}), entry).slice(1);
            const recording = readRecording({
                lanes: [{name: "client", role: "client"}, {name: "proxy", role: "proxy"}, {name: "a", role: "upstream"}],
                connections: [{name: "client#1", lane: 0, streams: {up: {data: "GET / HTTP/1.1\r\n"}}}, {name: "a#1", lane: 2, streams: {}}],
                events: [{what: "bytes", connection: 0, way: "up", offset: 0, size: 16}, {what: "bytes", connection: 1, way: "up", offset: 9, size: 3},
                    {what: "rst", connection: 1, way: "down"}, {what: "fault", text: "a: end: rst"}],
                exchanges: [{attempts: [{number: 1, upstream: "a"}]}],
            });

            return {
                grid: gridValues("stage/file[method=POST,cut=head, chunked,end=fin]"),
                hex: hexText("POST\r\n\xff", 16, 8),
                readable: readableNodes("a\tb\x00\r\nc").map((node) => node.textContent ?? node).join(""),
                start: [startLine("GET /x HTTP/1.1\r\nHost: a"), startLine("HTTP/1.1 200 OK\r\n"), startLine("\x00\x01")],
                tls: tlsRecords("\x16\x03\x01\x00\x02\x01\x00\x14\x03\x03\x00\x01\x01\x16\x03\x03\x00\x01\x09rest").map(({name, size}) => [name, size]),
                steps: recording.steps.map(({from, to, sign, bytes, title}) => [from, to, sign, bytes, title]),
                lanes: recording.attempts.map(({lane}) => lane),
                ended: storyOf({exchanges: [{status: 408, attempts: [{number: 1, upstream: "a", connection: 1, status: 200}]}]}, [{what: "fault", text: "a closes", connection: 1, way: "down"}], {client: "none"}),
                prints: [fingerprint("81985529216486895"), fingerprint("0xab")],
            };
        });
        assert.deepEqual(told, {
            grid: [["method", "POST"], ["cut", "head, chunked"], ["end", "fin"]],
            hex: "0010  50 4f 53 54 0d 0a ff     POST...",
            readable: "a\\tb\\x00\\r\\n\nc",
            start: ["GET /x HTTP/1.1", "HTTP/1.1 200 OK", ""],
            tls: [["ClientHello", 7], ["change cipher spec", 6], ["handshake, encrypted", 6]],
            steps: [
                [0, 1, "RX", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1"],
                [1, 2, "TX", null, "bytes that were not kept"],
                [2, 1, "RX", null, "RST: a resets the connection"],
                [2, 2, "", null, "a: end: rst"],
            ],
            lanes: [2],
            ended: ["Attempt 1 went to a: not a byte was sent. It answered 200. On the wire a closed the connection without a close_notify.",
                "The proxy sent 408, which the client did not read."],
            prints: ["0x0123456789abcdef", "0xab"],
        });
    });
});
