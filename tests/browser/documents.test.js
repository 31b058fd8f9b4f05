/** Other results as pages of a report: an exploration, coverage, and proxies side by side. */
import assert from "node:assert/strict";
import {readdirSync} from "node:fs";
import {join} from "node:path";
import {pathToFileURL} from "node:url";
import {after, before, describe, it} from "node:test";
import {launch, shoot, withPage} from "./browser.js";
import {makeFolder, removeFolder, ROOT, run} from "./program.js";

let browser;
let folder;
let url;

before(async () => {
    folder = makeFolder();
    const coverage = join(folder, "coverage.json");
    const exploration = join(folder, "exploration.json");
    const results = readdirSync(join(ROOT, "scenarios/results")).filter((name) => name.endsWith("-default.json")).sort()
        .map((name) => join(ROOT, "scenarios/results", name));
    const covered = run("coverage", "--report", `json=${coverage}`, "scenarios/dial");
    assert.equal(covered.status, 0, covered.stderr);
    const explored = run("explore", "--faults", "1", "--save", join(folder, "found"), "--report", `json=${exploration}`,
        "scenarios/bases/a-refused-dial-is-followed-by-the-next-upstream.yaml");
    assert.equal(explored.status, 0, explored.stderr);
    const rendered = run("report", "render", ...[coverage, exploration, ...results].flatMap((path) => ["--attach", path]),
        "--report", `html=${join(folder, "html")}`);
    assert.equal(rendered.status, 0, rendered.stderr);
    url = pathToFileURL(join(folder, "html", "index.html")).href;
    browser = await launch();
});
after(async () => {
    await browser?.close();
    removeFolder(folder);
});

/** Opens the one whose link in the page's head has that name, and looks at it. */
async function openDocument(page, name, picture) {
    await page.goto(url);
    const link = page.getByRole("navigation", {name: "Report"}).getByRole("link", {name});
    await link.first().click();
    await page.locator("main h1").waitFor();
    await page.locator("main h2").first().waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1", "whoever opens it begins at its title");
    await shoot(page, picture);
}

describe("a report of other results", () => {
    it("shows an exploration", () => withPage(browser, {}, (page) => openDocument(page, /exploration/i, "document-exploration")));
    it("shows what a suite covers", () => withPage(browser, {}, (page) => openDocument(page, /coverage/i, "document-coverage")));
    it("shows proxies side by side", () => withPage(browser, {}, async (page) => {
        await openDocument(page, /compar|proxies|nginx|subject/i, "document-comparison");
        const text = await page.locator("main").innerText();
        for (const name of ["nginx", "haproxy", "varnish"]) {
            assert.ok(text.includes(name), `${name} is told`);
        }
    }));
});
