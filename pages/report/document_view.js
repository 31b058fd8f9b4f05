/**
 * A whole other result of ours as a page: an exploration, coverage of scenarios and of lines, what subjects showed, the wrong proxies.
 */
import {embedded} from "retryproof/parts/data";
import {h} from "retryproof/parts/dom";
import {comparisonSummary, renderComparison} from "retryproof/report/comparison_page";
import {coverageSummary, renderCoverage} from "retryproof/report/coverage_page";
import {isOfSubject} from "retryproof/report/document_links";
import {explorationSummary, renderExploration} from "retryproof/report/exploration_page";
import {linesSummary, renderLines} from "retryproof/report/lines_page";
import {renderWrong, wrongSummary} from "retryproof/report/wrong_page";

const KINDS = {
    "retryproof-exploration": {render: renderExploration, summarize: explorationSummary},
    "retryproof-coverage": {render: renderCoverage, summarize: coverageSummary},
    "retryproof-lines": {render: renderLines, summarize: linesSummary},
    "retryproof-wrong": {render: renderWrong, summarize: wrongSummary},
};

/**
 * @param {HTMLElement} container is emptied
 * @param {any} document one result, or a list of subjects' results
 * @param {{title?: string, documents?: {id: string, title: string, schema: string}[]}} [context] documents: all of the report
 * @returns {Promise<void>|void}
 */
export function renderDocument(container, document, context = {}) {
    if (isOfSubjects(document)) {
        return renderSubjects(container, document, context);
    }
    return (kindOf(document)?.render ?? renderUnknown)(container, document, context);
}

/**
 * What a card tells of a document.
 *
 * @param {any} document one result, or a list of subjects' results
 * @param {{id: string, schema: string}[]} documents all of the report
 * @returns {Promise<{lead: string, figures: import("./document_parts").Figure[]}>}
 */
export async function summarizeDocument(document, documents) {
    if (isOfSubjects(document)) {
        return comparisonSummary(await subjectResults(document, documents));
    }
    return kindOf(document)?.summarize(document) ?? {lead: "", figures: []};
}

function isOfSubjects(document) {
    return Array.isArray(document) || isOfSubject({schema: document.format ?? ""});
}

function kindOf(document) {
    return KINDS[String(document.schema ?? "").replace(/-\d+$/, "")];
}

/* Results of several subjects are one comparison, whichever of them was opened. A reader who has gone on meanwhile has taken
   the place out of the page. */
async function renderSubjects(container, document, context) {
    const place = h("div", {});

    container.replaceChildren(place);
    return renderComparison(place, await subjectResults(document, context.documents ?? []));
}

async function subjectResults(document, documents) {
    if (Array.isArray(document)) {
        return document;
    }
    const all = (await Promise.all(documents.filter(isOfSubject).map((one) => embedded(one.id)))).flat();

    return all.length > 0 ? all : [document];
}

function renderUnknown(container, document, context) {
    container.replaceChildren(h("div", {class: "document"},
        h("h1", {tabindex: "-1", text: context.title ?? "Result"}),
        h("p", {text: `This report does not know how to show “${document.schema ?? document.format ?? "a result without a schema"}”. This is what it holds:`}),
        h("pre", {class: "code-block", tabindex: "0", "aria-label": "JSON", text: JSON.stringify(document, null, 2)})));
}
