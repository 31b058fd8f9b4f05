/**
 * The first view: the summary around the matrix. It is made once and kept, so that coming back to it is at once, and where it was.
 *
 * @typedef {import("./cases").Entry} Entry
 */
import {h} from "retryproof/parts/dom";
import {applyFilters, createFilters} from "retryproof/report/filters";
import {homeHref} from "retryproof/report/links";
import {createMatrix} from "retryproof/report/matrix";
import {documentsSection, failuresSection, provenanceSection, reproduceSection, runHead, slowestSection, stagesSection} from "retryproof/report/summary";

/**
 * @param {object} index
 * @param {Entry[]} entries in the order of the matrix
 * @returns {{element: HTMLElement, show: (filters: URLSearchParams) => void, focusText: () => void}}
 */
export function createHome(index, entries) {
    if (index.run === undefined) {
        return documentsHome(index);
    }
    const matrix = createMatrix();
    const filters = createFilters(entries, changed);
    const matrixSection = h("section", {class: "section", id: "matrix", "aria-labelledby": "matrix-title"},
        h("h2", {id: "matrix-title", tabindex: "-1", text: "Matrix"}), filters.element, matrix.element);
    let shown = null; // the filters as text; null: nothing is shown yet

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
        filters.show(asked, cases.length);
        matrix.show(cases, asked);
        if (wasShown !== null || shown !== "") {
            matrixSection.scrollIntoView({block: "start"});
        }
    }

    /* By the reader's own hand: the address tells it, but a letter more is no step to go back by. */
    function changed(asked) {
        history.replaceState(null, "", homeHref(asked));
        const place = matrixSection.getBoundingClientRect().top;
        show(asked);
        scrollBy(0, matrixSection.getBoundingClientRect().top - place);
    }
}

/* Results of other kinds alone. */
function documentsHome(index) {
    return {
        element: h("div", {class: "home"}, h("h1", {tabindex: "-1", text: "Results"}), documentsSection(index.documents)),
        show: () => {},
        focusText: () => {},
    };
}
