/**
 * What a reader wants to know first, and last: how it went, what was slow, how it came about, how to do it again.
 *
 * @typedef {import("./cases").Entry} Entry
 */
import {copyBox, h} from "retryproof/parts/dom";
import {count, date, duration, number, stageMeaning, STAGES, verdictOf, VERDICTS} from "retryproof/parts/words";
import {caseRows} from "retryproof/report/case_list";
import {compareStages, hasFindings, hasOutcome} from "retryproof/report/cases";
import {documentHref, homeHref} from "retryproof/report/links";

const SLOWEST_SHOWN = 10;

/* ---- how it went ----------------------------------------------------------------------------------------- */

/** The sentence of the whole, and the counts behind it. */
export function runHead({run, counts}) {
    const failed = counts.fail + counts.error + counts["setup-failed"];
    const good = run.exit_code === 0;

    return h("header", {class: "run-head"},
        h("h1", {tabindex: "-1"}, h("span", {class: "run-glyph", data: {tone: good ? "good" : "bad"}, "aria-hidden": "true", text: good ? "✓" : "✗"}), headline(counts, failed)),
        run.shards && h("p", {class: "callout", data: {tone: run.shards.numbers.length < run.shards.of ? "warn" : "none"}, text: shardsText(run.shards)}),
        run.interrupted && h("p", {class: "callout", data: {tone: "warn"}, text: "The run was interrupted: what was left is not here, or is skipped."}),
        h("p", {class: "lead run-lead", text: [`retryproof ${run.version}`, worldsText(run.worlds), `seed ${run.seed}`, date(run.started_unix), `took ${duration(run.elapsed_ns)}`].join(" · ")}),
        verdictBar(counts), verdictTable(counts));
}

function headline(counts, failed) {
    if (counts.total === 0) {
        return "No case was played";
    }
    if (failed > 0) {
        return `${number(failed)} of ${count(counts.total, "case")} failed`;
    }
    return counts.pass === counts.total ? `All ${count(counts.total, "case")} passed` : `${number(counts.pass)} of ${count(counts.total, "case")} passed, none failed`;
}

/* A part of a run is no run that went well, so it says first of all what it is. */
function shardsText({numbers, of, words}) {
    const sentence = `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

    return numbers.length < of ? `A part of a run. ${sentence}` : sentence;
}

function worldsText(worlds) {
    return worlds.split(", ").map((world) => (world === "sim" ? "simulation" : world)).join(" and ");
}

/* The table below says the same in words and numbers. */
function verdictBar(counts) {
    return h("div", {class: "verdict-bar", "aria-hidden": "true"}, verdictsOf(counts).map(([verdict, {tone}]) =>
        h("span", {class: "verdict-part", data: {tone, verdict}, style: `flex-grow: ${counts[verdict]}`, title: `${verdict}: ${counts[verdict]}`})));
}

function verdictTable(counts) {
    return h("table", {class: "verdict-table"},
        h("caption", {class: "visually-hidden", text: "Cases by verdict"}),
        h("thead", {class: "visually-hidden"}, h("tr", {}, ["verdict", "cases", "what it means"].map((text) => h("th", {scope: "col", text})))),
        h("tbody", {}, verdictsOf(counts).map(([verdict, {meaning}]) => {
            const {glyph, tone} = verdictOf({verdict, level: "must"});
            return h("tr", {},
                h("th", {scope: "row"}, h("a", {class: "badge", href: homeHref(new URLSearchParams({verdict})), data: {tone}}, h("span", {"aria-hidden": "true", text: glyph}), verdict)),
                h("td", {class: "number", text: number(counts[verdict])}),
                h("td", {class: "soft", text: meaning}));
        })));
}

function verdictsOf(counts) {
    return [...VERDICTS].filter(([verdict]) => counts[verdict] > 0);
}

/* ---- what was slow --------------------------------------------------------------------------------------- */

/**
 * Where any case was played on sockets, those alone: their time is real.
 *
 * @param {Entry[]} entries
 */
export function slowestSection(entries) {
    const real = entries.filter((entry) => entry.world !== "sim" && hasOutcome(entry));
    const timed = real.length > 0 ? real : entries.filter(hasOutcome);
    const slowest = [...timed].sort((a, b) => b.duration_ns - a.duration_ns).slice(0, SLOWEST_SHOWN);

    return slowest.length === 0 ? null : section("Slowest cases", "slowest",
        h("p", {class: "soft small", text: real.length > 0 ? "In real time." : "In virtual time, which costs none."}),
        caseRows(slowest, (entry) => duration(entry.duration_ns)));
}

/**
 * How much of each stage the run covers.
 *
 * @param {Entry[]} entries
 */
export function stagesSection(entries) {
    const stages = [...new Set([...STAGES.keys(), ...entries.map((entry) => entry.stage)])].sort(compareStages);

    return section("Stages", "stages",
        h("p", {class: "soft small", text: "How far an attempt had come when it failed, and how many cases prove something about it."}),
        h("div", {class: "table-scroll", tabindex: "0", role: "region", "aria-label": "Cases by stage"},
            h("table", {class: "wide"},
                h("thead", {}, h("tr", {}, h("th", {scope: "col", text: "stage"}), ["faults", "methods", "cases", "played", "failed"].map((text) => h("th", {scope: "col", class: "number", text})))),
                h("tbody", {}, stages.map((stage) => stageRow(stage, entries.filter((entry) => entry.stage === stage)))))));
}

function stageRow(stage, entries) {
    const failed = entries.filter(hasFindings).length;
    const figures = [distinct(entries, "fault"), distinct(entries, "method"), entries.length, entries.filter(hasOutcome).length];

    return h("tr", {},
        h("th", {scope: "row"}, entries.length > 0 ? h("a", {href: homeHref(new URLSearchParams({stage})), text: stage}) : stage, h("div", {class: "small soft", text: stageMeaning(stage)})),
        figures.map((figure) => h("td", {class: "number", text: number(figure)})),
        h("td", {class: "number"}, failed > 0 ? h("span", {class: "badge", data: {tone: "bad"}}, h("span", {"aria-hidden": "true", text: "✗"}), number(failed)) : "0"));
}

function distinct(entries, name) {
    return new Set(entries.map((entry) => entry[name])).size;
}

/* ---- how it came about, and how to do it again ----------------------------------------------------------- */

/** @param {{run: object, facts: {name: string, value: string}[]}} index */
export function provenanceSection({run, facts}) {
    const rows = [
        {name: "retryproof", value: run.version},
        {name: "worlds", value: run.worlds},
        {name: "seed", value: run.seed},
        {name: "began", value: date(run.started_unix)},
        {name: "took", value: duration(run.elapsed_ns)},
        {name: "played again", value: run.repetitions > 0 ? count(run.repetitions, "time") : ""},
        {name: "exit code", value: String(run.exit_code)},
    ];
    const said = new Set(facts.map((fact) => fact.name));
    const all = [...rows.filter((row) => row.value !== "" && !said.has(row.name)), ...facts];

    return section("Provenance", "provenance", h("dl", {class: "facts card"},
        all.map(({name, value}) => h("div", {class: "fact"}, h("dt", {text: name}), h("dd", {class: value.includes("\n") && "fact-block", text: value})))));
}

export function reproduceSection({run}) {
    const kept = /--report[ =]json=(\S+)/.exec(run.command);
    const result = kept === null ? "result.json" : kept[1];

    return section("Reproduce", "reproduce",
        h("p", {text: "The same run again. Each case has a command of its own on its page."}),
        copyBox(run.command, "Copy the command"),
        h("p", {class: "reproduce-more", text: "With its result kept as JSON, any other report can be made of it later, without playing it again:"}),
        kept === null && copyBox(`${run.command} --report json=${result}`, "Copy the command"),
        copyBox(`retryproof report render ${result} --report html=html --report pcapng=captures --report junit=junit.xml`, "Copy the command"));
}

/** @param {{id: string, title: string, schema: string}[]} documents */
export function documentsSection(documents) {
    return documents.length === 0 ? null : section("Other results", "documents",
        h("ul", {class: "document-list"}, documents.map((document, number) => h("li", {}, h("a", {href: documentHref(number), text: document.title}), h("span", {class: "soft small", text: ` ${document.schema}`})))));
}

function section(title, id, ...children) {
    return h("section", {class: "section", "aria-labelledby": `${id}-title`}, h("h2", {id: `${id}-title`, text: title}), ...children);
}
