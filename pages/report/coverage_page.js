/**
 * What a suite covers (docs/coverage.schema.json): cells of the acceptance matrix, pairs of the proxy's lifecycle table,
 * claims, and requirements. Each has a mark: covered, missing, accepted or impossible.
 */
import {h} from "retryproof/parts/dom";
import {count, number} from "retryproof/parts/words";
import {dataTable, documentHead, documentSection, lazyDetails, toneBadge} from "retryproof/report/document_parts";

const MARKS = {
    covered: {glyph: "✓", tone: "good"},
    missing: {glyph: "✗", tone: "bad"},
    accepted: {glyph: "~", tone: "warn"},
    impossible: {glyph: "–", tone: "none"},
};
const PARTS = [["cells", "cells of the matrix"], ["transitions", "steps of the lifecycle"], ["claims", "claims"], ["requirements", "requirements"]];

/**
 * @param {HTMLElement} container is emptied
 * @param {object} coverage
 */
export function renderCoverage(container, coverage) {
    container.replaceChildren(h("div", {class: "document"},
        documentHead(coverageSummary(coverage)),
        markLegend(),
        cellsSection(coverage.cells),
        transitionsSection(coverage),
        claimsSection(coverage.claims),
        requirementsSection(coverage.requirements),
        citationsSection(coverage.citations),
        staleSection(coverage.stale)));
}

/** What its page begins with, and what a card tells of it. */
export function coverageSummary({run, totals}) {
    const figures = PARTS.map(([key, words]) => {
        const {covered, missing, accepted, impossible} = totals[key];
        const possible = covered + missing + accepted;

        return possible === 0 ? {value: "–", name: `${words}: not counted`} : {
            value: `${number(covered)} of ${number(possible)}`, tone: missing > 0 ? "bad" : "good",
            name: `${words}${impossible > 0 ? `, ${impossible} more cannot be` : ""}`};
    });

    return {
        title: "What the suite covers",
        lead: `Told of ${count(run.played, "case")} that passed in the simulation${run.failed > 0 ? `; ${count(run.failed, "case")} did not pass and count for nothing` : ""}.` +
            `${run.interrupted ? " It was interrupted: what was known by then is told." : ""}`,
        figures,
        command: run.command,
    };
}

function markLegend() {
    const meanings = {covered: "a scenario came by", missing: "none did, and nobody has said why", accepted: "none did, and it is said why", impossible: "none can, and it is said why"};

    return h("ul", {class: "mark-legend"}, ...Object.entries(meanings).map(([state, meaning]) => h("li", {}, markBadge({state}), ` ${meaning}`)));
}

function markBadge(mark) {
    const {glyph, tone} = MARKS[mark.state] ?? {glyph: "?", tone: "none"};

    return toneBadge(tone, glyph, mark.state);
}

/** Why, or how often and where first. */
function markWords(mark) {
    if (mark.reason) {
        return mark.reason;
    }
    return mark.count ? h("span", {}, `${count(mark.count, "time")}, first in `, h("code", {text: mark.first})) : "";
}

/* ---- the matrix ------------------------------------------------------------------------------------------ */

function cellsSection({columns, rows}) {
    const methods = [];

    columns.forEach((column) => {
        const last = methods[methods.length - 1];

        if (last && last.name === column.method) {
            last.span++;
        } else {
            methods.push({name: column.method, span: 1});
        }
    });
    return documentSection("The acceptance matrix",
        h("p", {class: "lead", text: "How an attempt failed, of which request, under which rules. A number is how many cases came by; point at a mark for its reason."}),
        h("div", {class: "table-scroll", tabindex: "0", role: "region", "aria-label": "The acceptance matrix"},
            h("table", {class: "comparison coverage"},
                h("thead", {},
                    h("tr", {}, ...["stage", "fault"].map((text) => h("th", {scope: "col", rowspan: 2, text})),
                        ...methods.map((method) => h("th", {scope: "colgroup", colspan: method.span, class: "column-group", text: method.name}))),
                    h("tr", {}, ...columns.map((column) => h("th", {scope: "col", text: column.policy})))),
                h("tbody", {}, ...rows.map(cellRow)))),
        reasonsOf(rows.flatMap((row) => row.marks.map((mark, index) => ({mark, place: `${row.stage}, ${row.fault}, ${columns[index].method}, ${columns[index].policy}`})))));
}

function cellRow(row) {
    return h("tr", {}, h("td", {text: row.stage}), h("th", {scope: "row", text: row.fault}), ...row.marks.map((mark) => {
        const {glyph, tone} = MARKS[mark.state] ?? {glyph: "?", tone: "none"};
        const words = mark.state === "covered" ? `${count(mark.count, "case")}, first ${mark.first}` : `${mark.state}${mark.reason ? `: ${mark.reason}` : ""}`;

        return h("td", {class: "number", data: {tone: mark.state === "covered" ? "plain" : tone}, title: words},
            mark.state === "covered" ? String(mark.count) : [h("span", {"aria-hidden": "true", text: glyph}), h("span", {class: "visually-hidden", text: words})]);
    }));
}

/** Reasons with the places that they are the reason of: many cells share one. */
function reasonsOf(marked) {
    const reasons = new Map();

    for (const {mark, place} of marked.filter(({mark}) => mark.state !== "covered")) {
        const key = `${mark.state}\n${mark.reason ?? ""}`;

        reasons.set(key, {mark, places: [...(reasons.get(key)?.places ?? []), place]});
    }
    return reasons.size === 0 ? null : lazyDetails(`Why not: ${count(reasons.size, "reason")}`, () => [h("ul", {class: "plain-list"}, ...[...reasons.values()].map(({mark, places}) =>
        h("li", {}, markBadge(mark), ` ${mark.reason ?? "nobody has said why"} `, h("span", {class: "soft small", text: `(${count(places.length, "cell")}: ${places.join("; ")})`}))))]);
}

/* ---- lists ------------------------------------------------------------------------------------------------ */

/** What is missing comes first. */
function byState(items) {
    const order = ["missing", "accepted", "covered", "impossible"];

    return [...items].sort((a, b) => order.indexOf(a.mark.state) - order.indexOf(b.mark.state));
}

function listSection(title, lead, heads, items, cells) {
    const open = items.filter((item) => item.mark.state === "missing" || item.mark.state === "accepted");
    const table = (some) => dataTable(title, heads, byState(some).map((item) => ({tone: item.mark.state === "missing" ? "bad" : "none", cells: cells(item)})));

    return documentSection(title,
        h("p", {class: "lead", text: lead}),
        open.length > 0 ? table(open) : h("p", {}, toneBadge("good", "✓", "nothing is missing")),
        lazyDetails(`All ${items.length}`, () => [table(items)]));
}

function transitionsSection({transitions, transitions_counted: counted}) {
    const title = "The proxy's lifecycle";

    return !counted ? documentSection(title, h("p", {class: "soft", text: "This program does not count them."})) :
        listSection(title, "Which event was met in which state of an exchange. All pairs that are not listed end the program.",
            [{text: "state"}, {text: "event"}, {text: "mark"}, {text: "why, or where"}], transitions,
            (one) => [one.state, one.event, markBadge(one.mark), markWords(one.mark)]);
}

function claimsSection(claims) {
    return listSection("Claims", "What holds in every case: whether the suite gave them something to be asked of.",
        [{text: "number", number: true}, {text: "claim"}, {text: "source"}, {text: "mark"}, {text: "why, or where"}], claims,
        (one) => [one.number, one.sentence, one.source, markBadge(one.mark), markWords(one.mark)]);
}

function requirementsSection(requirements) {
    return listSection("Requirements", "What the specifications ask for, and which scenarios cite it.",
        [{text: "requirement"}, {text: "what it asks for"}, {text: "mark"}, {text: "why, or where"}], requirements,
        (one) => [`${one.document} ${one.section}`, one.sentence, markBadge(one.mark), markWords(one.mark)]);
}

function citationsSection(citations) {
    return citations.length === 0 ? null : documentSection("Scenarios that cite nothing known",
        dataTable("Scenarios that cite nothing known", [{text: "file"}, {text: "source"}, {text: "mark"}, {text: "why"}], byState(citations).map((one) => ({
            tone: one.mark.state === "missing" ? "bad" : "none",
            cells: [h("code", {text: one.file}), one.source ?? "none", markBadge(one.mark), markWords(one.mark)],
        }))));
}

function staleSection(stale) {
    return stale.length === 0 ? null : documentSection("Accepted gaps that are none any more",
        h("ul", {}, ...stale.map((one) => h("li", {}, h("code", {text: one.place}), ` ${one.sentence}`))));
}
