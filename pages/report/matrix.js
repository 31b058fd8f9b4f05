/**
 * The matrix: a section for each stage that folds, faults down, methods across. A cell has two parts: what the client got,
 * and attempts / deliveries. Only open sections are in the document, so that thousands of cases cost nothing.
 *
 * @typedef {import("./cases").Entry} Entry
 */
import {clear, h} from "retryproof/parts/dom";
import {count, number, stageMeaning} from "retryproof/parts/words";
import {hasFindings} from "retryproof/report/cases";
import {openCaseList} from "retryproof/report/case_list";
import {caseHref} from "retryproof/report/links";
import {foldRows, foldStages, MARKS} from "retryproof/report/matrix_model";

/* So many cases at most are shown without asking: about what a browser lays out in a tenth of a second. */
const CASES_OPEN_MAX = 600;
const ROWS_AT_ONCE = 100; // of an open stage; the rest is one button away
const CLIENTS_NAMED = 3; // outcomes named in one cell; more say nothing at a glance

/**
 * @returns {{element: HTMLElement, show: (entries: Entry[], filters: URLSearchParams) => void}}
 */
export function createMatrix() {
    const sections = h("div", {class: "matrix-stages"});
    const chosen = new Map(); // by name of the section: whether the reader opened or closed it
    const opener = h("button", {class: "button", type: "button", on: {click: () => foldAll(true)}}, "Open all stages");
    const closer = h("button", {class: "button", type: "button", on: {click: () => foldAll(false)}}, "Close all");
    const element = h("div", {class: "matrix"}, h("div", {class: "button-row no-print"}, opener, closer), sections, legend());

    return {element, show};

    function show(entries, filters) {
        const stages = foldStages(entries);
        const severalSubjects = new Set(stages.map((stage) => stage.subject)).size > 1;
        const open = openAtFirst(stages);

        clear(sections);
        if (stages.length === 0) {
            sections.append(h("p", {class: "callout", text: "No case is like that. Choose less, or show all."}));
        }
        sections.append(...stages.map((stage) => stageSection(stage, {
            filters,
            name: severalSubjects ? `${stage.subject}: ${stage.stage}` : stage.stage,
            isOpen: (name) => chosen.get(name) ?? open.has(stage),
            remember: (name, isOpen) => chosen.set(name, isOpen),
        })));
    }

    function foldAll(open) {
        sections.querySelectorAll("details").forEach((details) => (details.open = open));
    }
}

/* All where there are few cases; otherwise what has findings, as far as it goes, or else the first stage. */
function openAtFirst(stages) {
    const open = new Set();
    const worstFirst = [...stages.filter(stageHasFindings), ...stages.filter((stage) => !stageHasFindings(stage))];
    let left = CASES_OPEN_MAX;

    for (const stage of worstFirst) {
        left -= Math.min(stage.entries.length, CASES_OPEN_MAX); // of a large one only the first rows are shown
        if (left < 0) {
            break;
        }
        open.add(stage);
    }
    return open;
}

function stageHasFindings(stage) {
    return stage.entries.some(hasFindings);
}

/* ---- a stage -------------------------------------------------------------------------------------------- */

function stageSection(stage, {filters, name, isOpen, remember}) {
    const body = h("div", {class: "stage-body"});
    const details = h("details", {class: "stage card", data: {stage: stage.stage}},
        h("summary", {class: "stage-head"},
            h("h3", {class: "stage-name", text: name}),
            h("span", {class: "stage-meaning soft small", text: stageMeaning(stage.stage)}),
            h("span", {class: "stage-counts small"}, stageCounts(stage))), body);

    details.open = isOpen(name);
    if (details.open) {
        fill();
    }
    details.addEventListener("toggle", () => {
        remember(name, details.open);
        if (details.open) {
            fill();
        } else {
            clear(body);
        }
    });
    return details;

    function fill() {
        if (body.firstChild === null) {
            body.append(...stageTable(stage, name, filters));
        }
    }
}

function stageCounts(stage) {
    const bad = stage.entries.filter(hasFindings).length;
    const passed = stage.entries.filter((entry) => entry.verdict === "pass").length;
    const rest = stage.entries.length - bad - passed;

    return [
        bad > 0 && h("span", {class: "badge", data: {tone: "bad"}}, h("span", {"aria-hidden": "true", text: "✗"}), `${number(bad)} failed`),
        passed > 0 && h("span", {class: "badge", data: {tone: "good"}}, h("span", {"aria-hidden": "true", text: "✓"}), `${number(passed)} passed`),
        rest > 0 && h("span", {class: "badge"}, h("span", {"aria-hidden": "true", text: "∅"}), `${number(rest)} not played`),
    ];
}

function stageTable(stage, name, filters) {
    const rows = foldRows(stage.entries);
    const body = h("tbody", {}, rows.slice(0, ROWS_AT_ONCE).map(rowElement));
    const rest = rows.slice(ROWS_AT_ONCE);
    const more = h("button", {class: "button", type: "button", text: `Show ${count(rest.length, "more fault")}`, on: {click: showRest}});

    return [
        h("div", {class: "table-scroll", tabindex: "0", role: "region", "aria-label": `Matrix of stage ${name}`},
            h("table", {class: "matrix-table"},
                h("caption", {class: "visually-hidden", text: `${name}: faults down, methods across`}),
                h("thead", {}, h("tr", {}, h("th", {scope: "col", text: "fault"}), stage.methods.map((method) => h("th", {scope: "col", text: method})))),
                body)),
        rest.length > 0 && h("p", {class: "stage-more"}, more),
    ].filter(Boolean);

    function rowElement(row) {
        return tableRow(row, stage.methods, filters);
    }

    /* The keyboard goes on at the first of what came. */
    function showRest() {
        const added = rest.map(rowElement);

        body.append(...added);
        more.parentElement.remove();
        added[0].querySelector(".cell")?.focus();
    }
}

function tableRow(row, methods, filters) {
    return h("tr", {}, h("th", {scope: "row", text: row.fault}),
        methods.map((method) => tableCell(row.cells.get(method), {fault: row.fault, method, filters})));
}

/* ---- a cell --------------------------------------------------------------------------------------------- */

function tableCell(cell, {fault, method, filters}) {
    if (cell === undefined) {
        return h("td", {class: "cell-none"}, h("span", {"aria-hidden": "true", text: "·"}), h("span", {class: "visually-hidden", text: "no case"}));
    }
    const content = cellContent(cell);

    if (cell.entries.length === 1) {
        return h("td", {}, h("a", {class: "cell", href: caseHref(cell.entries[0].key, filters), data: cellData(cell), title: cell.entries[0].name}, content));
    }
    return h("td", {}, h("button", {class: "cell", type: "button", data: cellData(cell), title: count(cell.entries.length, "case"), "aria-haspopup": "dialog",
        on: {click: () => openCaseList({title: `${fault}, ${method}`, entries: cell.entries, filters})}}, content));
}

function cellData(cell) {
    return {mark: cell.mark, tone: MARKS.get(cell.mark).tone};
}

/* The word of what went well is not shown, but read out. */
function cellContent(cell) {
    const {glyph, word} = MARKS.get(cell.mark);
    const clients = cell.clients.length > CLIENTS_NAMED ? [...cell.clients.slice(0, CLIENTS_NAMED), "…"] : cell.clients;

    return [
        h("span", {class: "glyph", "aria-hidden": "true", text: glyph}),
        h("span", {class: cell.mark === "pass" ? "visually-hidden" : "cell-word", text: `${word} `}),
        clients.length > 0 && h("span", {class: "cell-client", text: clients.join(" | ")}),
        cell.counts !== "" && h("span", {class: "cell-counts", text: ` ${cell.counts}`}),
        cell.differs && h("span", {class: "cell-differs", title: "a case did not end alike in all worlds"}, "≠", h("span", {class: "visually-hidden", text: " worlds differ"})),
    ];
}

/* ---- how to read it ------------------------------------------------------------------------------------- */

function legend() {
    const words = [
        ["502 1/1", "what the client got; attempts at upstreams / requests that reached one whole"],
        ["502 | 504 1-2/0-1", "cases of this cell got different answers; 1-2 is the least and the most"],
        ["cut", "the response ended early, and the client could tell"],
        ["none, reset", "the client got no byte of a response; its connection was reset"],
        ["≠", "a case did not end alike in all worlds, or each time that it was repeated"],
        ["·", "no such case"],
    ];

    return h("details", {class: "legend"}, h("summary", {text: "How to read a cell"}),
        h("dl", {class: "facts"},
            [...MARKS.values()].map(({glyph, tone, word, meaning}) => h("div", {class: "fact"},
                h("dt", {}, h("span", {class: "badge", data: {tone}}, h("span", {"aria-hidden": "true", text: glyph}), word)), h("dd", {text: meaning}))),
            words.map(([word, meaning]) => h("div", {class: "fact"}, h("dt", {}, h("code", {text: word})), h("dd", {text: meaning})))));
}
