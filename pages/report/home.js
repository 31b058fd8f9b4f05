/**
 * The first view: the summary around the matrix. It is made once and kept, so that coming back to it is at once, and where it was.
 *
 * @typedef {import("./cases").Entry} Entry
 */
import {h} from "retryproof/parts/dom";
import {failuresSection} from "retryproof/report/failures";
import {applyFilters, createFilters} from "retryproof/report/filters";
import {homeHref} from "retryproof/report/links";
import {documentCards} from "retryproof/report/document_cards";
import {createPlainList} from "retryproof/report/case_list";
import {createMatrix} from "retryproof/report/matrix";
import {documentsSection, provenanceSection, reproduceSection, runHead, slowestSection, stagesSection} from "retryproof/report/summary";
import {choiceButtons} from "retryproof/report/wire_log";

/**
 * @param {object} index
 * @param {Entry[]} entries in the order of the matrix
 * @returns {{element: HTMLElement, show: (filters: URLSearchParams) => void, focusText: () => void}}
 */
export function createHome(index, entries) {
    if (index.run === undefined) {
        return documentsHome(index);
    }
    const views = {matrix: createMatrix(), list: createPlainList()};
    const filters = createFilters(entries, (asked) => changed(withView(asked, view)));
    const place = h("div", {});
    const choice = h("div", {class: "no-print"});
    const matrixSection = h("section", {class: "section", id: "matrix", "aria-labelledby": "matrix-title"},
        h("h2", {id: "matrix-title", tabindex: "-1", text: "Matrix"}), filters.element, choice, place);
    let shown = null; // the filters as text; null: nothing is shown yet
    let view = "matrix";

    return {
        element: h("div", {class: "home"}, runHead(index), failuresSection(entries), matrixSection,
            h("div", {class: "columns"}, stagesSection(entries), slowestSection(entries)),
            documentsSection(index.documents),
            h("div", {class: "columns"}, provenanceSection(index), reproduceSection(index))),
        show,
        focusText: filters.focusText,
    };

    function show(asked) {
        const wasShown = shown;

        if (asked.toString() === shown) {
            return;
        }
        shown = asked.toString();
        const cases = applyFilters(entries, asked);
        view = asked.get("view") === "list" ? "list" : "matrix";
        filters.show(withView(asked, "matrix"), cases.length);
        choice.replaceChildren(choiceButtons("Cases as", [["Matrix", "matrix"], ["List", "list"]], view, (chosen) => changed(withView(asked, chosen))));
        views[view].show(cases, asked);
        place.replaceChildren(views[view].element);
        if (wasShown !== null || shown !== "") {
            matrixSection.scrollIntoView({block: "start"});
        }
    }

    /* By the reader's own hand: the address tells it, but a letter more is no step to go back by. */
    function changed(asked) {
        history.replaceState(null, "", homeHref(asked));
        const before = matrixSection.getBoundingClientRect().top;
        show(asked);
        scrollBy(0, matrixSection.getBoundingClientRect().top - before);
    }
}

/* The matrix is what a reader sees who asked for nothing else. */
function withView(filters, view) {
    const others = [...filters].filter(([name]) => name !== "view");

    return new URLSearchParams(view === "matrix" ? others : [...others, ["view", view]]);
}

/* Results of other kinds alone. */
function documentsHome(index) {
    return {
        element: h("div", {class: "home"}, h("h1", {tabindex: "-1", text: "Results"}), documentCards(index.documents)),
        show: () => {},
        focusText: () => {},
    };
}
