/**
 * Lists of cases: of a cell, of what failed, of the slowest.
 *
 * @typedef {import("./cases").Entry} Entry
 */
import {h} from "retryproof/parts/dom";
import {count, verdictOf} from "retryproof/parts/words";
import {hasOutcome, outcomeText} from "retryproof/report/cases";
import {caseHref} from "retryproof/report/links";
import {differs, groupById} from "retryproof/report/matrix_model";

/** A verdict as a badge: glyph and word. */
export function verdictBadge(entry) {
    const {glyph, tone, word, meaning} = verdictOf(entry);
    return h("span", {class: "badge", data: {tone}, title: meaning}, h("span", {"aria-hidden": "true", text: glyph}), word);
}

/**
 * The cases of a cell, over the page, each sentence once: its worlds stand side by side.
 *
 * @param {{title: string, entries: Entry[], filters: URLSearchParams}} list
 */
export function openCaseList({title, entries, filters}) {
    const dialog = h("dialog", {class: "case-dialog", "aria-labelledby": "case-dialog-title"},
        h("div", {class: "section-head"},
            h("h2", {id: "case-dialog-title", text: title}),
            h("button", {class: "button", type: "button", text: "Close", on: {click: () => dialog.close()}})),
        h("p", {class: "soft", text: count(entries.length, "case")}),
        h("ul", {class: "case-groups"}, [...groupById(entries).values()].map((group) => caseGroup(group, filters))));

    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => {
        if (event.target === dialog || event.target.closest("a") !== null) {
            dialog.close(); // the ground around it, or a case that is opened
        }
    });
    document.body.append(dialog);
    dialog.showModal();
}

function caseGroup(group, filters) {
    return h("li", {class: "case-group"},
        h("p", {class: "case-group-name", text: group[0].name}),
        h("p", {class: "small soft"}, h("code", {text: group[0].id})),
        h("ul", {class: "case-runs"}, group.map((entry) => h("li", {},
            h("a", {href: caseHref(entry.key, filters)}, entry.world, hasOutcome(entry) && h("span", {class: "case-outcome", text: ` ${outcomeText(entry)}`})),
            verdictBadge(entry)))),
        differs(group) && h("p", {class: "small"}, h("span", {class: "badge", data: {tone: "warn"}}, h("span", {"aria-hidden": "true", text: "≠"}), "worlds differ")));
}

/**
 * Cases as rows: verdict, sentence with a link, where, and one figure.
 *
 * @param {Entry[]} entries
 * @param {{label: string, figure: string, figureOf: (entry: Entry) => string}} options
 */
export function caseTable(entries, {label, figure, figureOf}) {
    return h("div", {class: "table-scroll", tabindex: "0", role: "region", "aria-label": label},
        h("table", {class: "wide case-table"},
            h("thead", {}, h("tr", {}, ["verdict", "case", "world"].map((text) => h("th", {scope: "col", text})), h("th", {scope: "col", class: "number", text: figure}))),
            h("tbody", {}, entries.map((entry) => h("tr", {},
                h("td", {}, verdictBadge(entry)),
                h("td", {}, h("a", {href: caseHref(entry.key), text: entry.name}), h("div", {class: "small soft case-id-line"}, h("code", {text: entry.id}))),
                h("td", {text: entry.world}),
                h("td", {class: "number", text: figureOf(entry)}))))));
}
