/**
 * Several proxies side by side: harms first, then stage by stage what a client got and what reached the upstreams. A cell
 * opens its cases with their sentences and the commands that play them again.
 */
import {clear, copyBox, h} from "retryproof/parts/dom";
import {count, stageMeaning} from "retryproof/parts/words";
import {openCases} from "retryproof/report/comparison_cases";
import {documentHead, documentSection, lazyDetails} from "retryproof/report/document_parts";
import {gravityMark, HARMS} from "retryproof/report/harms";
import {caseCounts, casesWithHarm, columnName, foldStages, readCases} from "retryproof/report/subject_results";

const COLUMNS_AT_FIRST = 9; /* more do not fit on a page: then the profile `default` alone is chosen */

const LEGEND = [
    ["502 1/1", "what the client got; attempts at upstreams / requests that reached one whole"],
    ["502|504", "cases of this cell got different answers; 1-2 is the least and the most"],
    ["cut", "the response ended early, and the client could tell"],
    ["closed", "the client's connection ended without an answer"],
    ["hang", "the client had no end of anything when its patience ended"],
    ["garbage", "the client got bytes that are no response"],
    ["left", "the client had left before an answer came"],
    ["!!", "a harm was done that nobody can want; !: one that somebody may accept"],
    ["?", "racy: a case of this cell went more than one way"],
    ["FAIL", "breaks a must of the declared policy; warn: a should"],
    ["setup", "what the case needs first did not come about: it shows nothing"],
    ["n/a", "the proxy cannot be asked this"],
    ["·", "no such case"],
];

/**
 * @param {HTMLElement} container is emptied
 * @param {object[]} results
 */
export function renderComparison(container, results) {
    const columns = results.map((result) => ({result, cases: readCases(result), chosen: true}));
    const body = h("div", {});
    const state = {differing: false, harmful: false};
    const show = () => clear(body).append(...comparisonBody(columns.filter((column) => column.chosen), state));

    if (columns.length > COLUMNS_AT_FIRST && columns.some(isDefault)) {
        columns.forEach((column) => (column.chosen = isDefault(column)));
    }
    show();
    container.replaceChildren(h("div", {class: "document"},
        documentHead(comparisonSummary(results)), columnChoice(columns, state, show), body, subjectsSection(columns), legendSection()));
}

function isDefault(column) {
    return column.result.profile === "default";
}

/** What its page begins with, and what a card tells of it. */
export function comparisonSummary(results) {
    const subjects = new Set(results.map((result) => result.subject));
    const cases = results.map(readCases);
    const broken = cases.reduce((total, some) => total + caseCounts(some)[1][1], 0);

    return {
        title: subjects.size === 1 ? `What ${[...subjects][0]} does when an upstream fails` : "Proxies side by side",
        lead: "Verdicts rest on what the fake upstreams and clients saw, never on what a proxy says of itself. Where RFC 9110 leaves a choice there is no verdict.",
        figures: [
            {value: subjects.size, name: subjects.size === 1 ? "proxy" : "proxies"},
            {value: results.length, name: results.length === 1 ? "profile" : "proxies and profiles"},
            {value: cases.flat().length, name: "cases played"},
            {value: broken, name: "break a must", tone: broken > 0 ? "bad" : "good"},
        ],
    };
}

/* ---- what is shown -------------------------------------------------------------------------------------- */

function columnChoice(columns, state, show) {
    const boxes = columns.map((column) => checkbox(columnName(column.result), column.chosen, (checked) => {
        column.chosen = checked;
        show();
    }));
    const choose = (test) => () => {
        columns.forEach((column, index) => {
            column.chosen = test(column);
            boxes[index].querySelector("input").checked = column.chosen;
        });
        show();
    };
    const profiles = [...new Set(columns.map((column) => column.result.profile))];
    const set = (text, test) => h("button", {type: "button", class: "button", on: {click: choose(test)}}, text);

    return h("section", {class: "card column-choice", "aria-label": "What is shown"},
        h("div", {class: "button-row"},
            profiles.length > 1 ? [h("span", {class: "soft small", text: "Profiles:"}), ...profiles.map((profile) => set(profile, (column) => column.result.profile === profile))] : null,
            columns.length > 1 ? set("all", () => true) : null,
            columns.length > 1 ? checkbox("only rows that differ", false, (checked) => {
                state.differing = checked;
                show();
            }) : null,
            checkbox("only rows with a harm or a broken rule", false, (checked) => {
                state.harmful = checked;
                show();
            })),
        columns.length > 1 ? h("details", {}, h("summary", {text: "Choose columns one by one"}), h("div", {class: "column-boxes"}, ...boxes)) : null);
}

function checkbox(text, checked, change) {
    const input = h("input", {type: "checkbox", on: {change: () => change(input.checked)}});

    input.checked = checked;
    return h("label", {class: "tool"}, input, h("span", {text}));
}

function comparisonBody(columns, state) {
    if (columns.length === 0) {
        return [h("p", {role: "status", text: "No column is chosen."})];
    }
    const stages = foldStages(columns.map((column) => column.cases)).map(({stage, rows}) => ({stage, rows: rows.filter((row) => isWanted(row, state))}));
    const shown = stages.reduce((total, {rows}) => total + rows.length, 0);

    return [
        harmsSection(columns),
        documentSection("Stage by stage",
            h("p", {class: "soft small", role: "status", text: `${count(shown, "row")} for ${count(columns.length, "column")}. Each cell opens its cases.`}),
            ...stages.filter(({rows}) => rows.length > 0).map(({stage, rows}) => stagePart(stage, rows, columns))),
        bufferingSection(columns),
    ].filter(Boolean);
}

function isWanted(row, {differing, harmful}) {
    return (!differing || row.differs) && (!harmful || row.cells.some((cell) => cell.tone === "bad" || cell.tone === "warn"));
}

/* ---- tables ---------------------------------------------------------------------------------------------- */

/** Two rows of heads: the subject above its profiles. */
function tableHead(labels, columns) {
    const groups = [];

    columns.forEach(({result}) => {
        const last = groups[groups.length - 1];

        if (last && last.subject === result.subject) {
            last.span++;
        } else {
            groups.push({subject: result.subject, version: result.version, span: 1});
        }
    });
    return h("thead", {},
        h("tr", {}, ...labels.map((label) => h("th", {scope: "col", rowspan: 2, text: label})),
            ...groups.map((group) => h("th", {scope: "colgroup", colspan: group.span, class: "column-group"}, group.subject, h("span", {class: "soft", text: ` ${group.version}`})))),
        h("tr", {}, ...columns.map(({result}) => h("th", {scope: "col", text: result.profile}))));
}

function comparisonTable(name, head, rows) {
    return h("div", {class: "table-scroll", tabindex: "0", role: "region", "aria-label": name},
        h("table", {class: "comparison"}, head, h("tbody", {}, ...rows)));
}

function harmsSection(columns) {
    const done = [...HARMS].filter(([word]) => columns.some((column) => casesWithHarm(column.cases, word).length > 0));
    const rows = done.map(([word, harm]) => h("tr", {},
        h("th", {scope: "row", title: harm.meaning}, harm.gravity > 0 ? h("strong", {class: "gravity", text: `${gravityMark(harm.gravity)} `}) : null, harm.title),
        ...columns.map((column) => harmCell(column, word, harm))));
    const counts = caseCounts(columns[0].cases).map(([words], index) => [words, columns.map((column) => caseCounts(column.cases)[index])]);

    return documentSection("Harms",
        h("p", {class: "lead", text: "In how many cases each was done, worst first. !! is what nobody can want, ! what somebody may accept; the rest is what a careful proxy does there."}),
        comparisonTable("Harms", tableHead(["harm"], columns), [...rows,
            ...counts.filter(([, cells]) => cells.some(([, number]) => number > 0)).map(([words, cells]) => h("tr", {class: "count-row"},
                h("th", {scope: "row", text: words}), ...cells.map(([, number, tone]) => h("td", {class: "number", data: {tone: number > 0 ? tone : "plain"}, text: number > 0 ? String(number) : "·"}))))]),
        h("details", {}, h("summary", {text: "What the harms are"}),
            h("dl", {class: "facts"}, ...[...HARMS].map(([, harm]) => h("div", {class: "fact"}, h("dt", {text: `${gravityMark(harm.gravity)} ${harm.title}`.trim()}), h("dd", {text: harm.meaning}))))));
}

function harmCell(column, word, harm) {
    const cases = casesWithHarm(column.cases, word);
    const tone = ["plain", "warn", "bad"][harm.gravity];

    return cases.length === 0 ? h("td", {class: "number soft", text: "·"}) :
        h("td", {class: "number", data: {tone}}, h("button", {type: "button", class: "subject-cell", "aria-label": `${columnName(column.result)}: ${harm.title} in ${count(cases.length, "case")}`,
            on: {click: () => openCases(`${harm.title}: ${columnName(column.result)}`, column.result, cases)}}, String(cases.length)));
}

function stagePart(stage, rows, columns) {
    const bad = rows.filter((row) => row.cells.some((cell) => cell.tone === "bad")).length;

    return lazyDetails([h("strong", {text: stage}), h("span", {class: "soft", text: ` ${stageMeaning(stage)}`}),
        h("span", {class: "stage-count soft small", text: `${count(rows.length, "row")}${bad > 0 ? `, ${bad} with ✗` : ""}`})], () =>
        [comparisonTable(stage, tableHead(["fault", "methods"], columns), stageRows(stage, rows, columns))], {class: "card", open: rows.length < 40});
}

function stageRows(stage, rows, columns) {
    return rows.map((row, index) => h("tr", {},
        h("th", {scope: "row", class: index > 0 && rows[index - 1].fault === row.fault ? "again" : "", text: row.fault}),
        h("td", {class: "methods", text: row.methods}),
        ...row.cells.map((cell) => stageCell(cell, `${stage}, ${row.fault}, ${row.methods}`, columns[cell.column].result))));
}

function stageCell(cell, place, result) {
    const glyph = cell.tone === "bad" ? "✗ " : cell.tone === "warn" ? "! " : "";

    return cell.cases.length === 0 ? h("td", {class: "soft", text: cell.text}) :
        h("td", {data: {tone: cell.tone}}, h("button", {type: "button", class: "subject-cell", "aria-label": `${columnName(result)}: ${cell.text}`,
            on: {click: () => openCases(`${place}: ${columnName(result)}`, result, cell.cases)}},
        /[A-Z!]/.test(cell.text[0]) ? "" : h("span", {"aria-hidden": "true", text: glyph}), cell.text));
}

function bufferingSection(columns) {
    const keys = [...new Set(columns.flatMap(({result}) => result.buffering.map((row) => `${row.way}, ${row.exchanges} side by side`)))];

    return keys.length === 0 ? null : documentSection("How much it takes in",
        h("p", {class: "lead", text: "Of each exchange's 8 MiB, where the other side stops reading: what the proxy swallowed / growth of its memory / growth of its files."}),
        comparisonTable("How much it takes in", tableHead(["way"], columns), keys.map((key) => h("tr", {}, h("th", {scope: "row", text: key}),
            ...columns.map(({result}) => h("td", {text: bufferingText(result.buffering.find((row) => `${row.way}, ${row.exchanges} side by side` === key))}))))));
}

function bufferingText(row) {
    if (row === undefined) {
        return "·";
    }
    return row.trouble ?? `${row.whole ? "all: " : ""}${row.swallowed} / ${row.memory} / ${row.files}`;
}

/* ---- provenance ------------------------------------------------------------------------------------------- */

function subjectsSection(columns) {
    return documentSection("Versions and configurations",
        ...columns.map(({result}) => lazyDetails([h("strong", {text: columnName(result)}), h("span", {class: "soft", text: ` ${result.version}`})], () => [
            h("p", {text: result.meaning}),
            h("dl", {class: "facts"},
                ...[["date", result.date], ["held to", result.expect], ["each case played", count(result.repeat, "time")], ["retryproof", result.retryproof],
                    ["watched for further attempts", `${result.settle.ms} ms: ${result.settle.source}`]].map(([name, value]) =>
                    h("div", {class: "fact"}, h("dt", {text: name}), h("dd", {text: value})))),
            result.configuration.length > 0 ? h("pre", {class: "code-block", tabindex: "0", "aria-label": `Configuration of ${columnName(result)}`, text: result.configuration.join("\n")}) : null,
            copyBox(result.reproduce, "Copy the command"),
        ], {class: "card"})));
}

function legendSection() {
    return documentSection("What the cells say", h("dl", {class: "facts"},
        ...LEGEND.map(([sign, meaning]) => h("div", {class: "fact"}, h("dt", {}, h("code", {text: sign})), h("dd", {text: meaning})))));
}
