/**
 * Lists of cases: of a cell, of what failed, of the slowest.
 *
 * @typedef {import("./cases").Entry} Entry
 */
import {clear, h} from "retryproof/parts/dom";
import {count, verdictOf} from "retryproof/parts/words";
import {hasOutcome, outcomeText} from "retryproof/report/cases";
import {caseHref} from "retryproof/report/links";
import {differs, groupById} from "retryproof/report/matrix_model";

const ROWS_AT_ONCE = 200; // of a plain list

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
        h("p", {class: "case-group-name"}, h("a", {href: caseHref(group[0].key, filters), text: group[0].name})),
        h("p", {class: "small soft"}, h("code", {text: group[0].id})),
        h("ul", {class: "case-runs"}, group.map((entry) => h("li", {},
            h("a", {href: caseHref(entry.key, filters)}, entry.world, hasOutcome(entry) && h("span", {class: "case-outcome", text: ` ${outcomeText(entry)}`})),
            verdictBadge(entry)))),
        differs(group) && h("p", {class: "small"}, h("span", {class: "badge", data: {tone: "warn"}}, h("span", {"aria-hidden": "true", text: "≠"}), "worlds differ")));
}

/**
 * All cases that a filter shows, one below the other, in the place of the matrix.
 *
 * @returns {{element: HTMLElement, show: (entries: Entry[], filters: URLSearchParams) => void}}
 */
export function createPlainList() {
    const element = h("div", {class: "plain-cases"});

    return {element, show};

    function show(entries, filters) {
        clear(element).append(...(entries.length === 0 ? [h("p", {class: "callout", text: "No case is like that. Choose less, or show all."})] : part(entries, filters)));
    }

    /* A browser takes its time over thousands of rows, and nobody reads them at once. */
    function part(entries, filters) {
        const rest = entries.slice(ROWS_AT_ONCE);
        const more = h("button", {class: "button", type: "button", text: `Show ${count(rest.length, "more case")}`, on: {click: () => {
            const added = part(rest, filters);

            more.replaceWith(...added);
            added[0].querySelector("a").focus();
        }}});

        return [caseRows(entries.slice(0, ROWS_AT_ONCE), (entry) => (hasOutcome(entry) ? outcomeText(entry) : "-"), filters), rest.length > 0 && more].filter(Boolean);
    }
}

/**
 * Cases one below the other: verdict, sentence with a link, where it was played, and one figure.
 *
 * @param {Entry[]} entries
 * @param {(entry: Entry) => string} figureOf
 * @param {URLSearchParams} [filters] that a case is to lead back to
 */
export function caseRows(entries, figureOf, filters) {
    return h("ol", {class: "case-rows"}, entries.map((entry) => h("li", {class: "case-row"},
        verdictBadge(entry),
        h("div", {class: "case-row-name"}, h("a", {href: caseHref(entry.key, filters), text: entry.name}),
            entry.finding && h("div", {class: "case-row-finding", text: entry.finding}), h("div", {class: "small soft"}, h("code", {text: entry.id}))),
        h("span", {class: "case-row-world small soft", text: entry.world}),
        h("span", {class: "case-row-figure", text: figureOf(entry)}))));
}
