/**
 * A whole other result of ours as a page: an exploration, coverage of scenarios and of lines, what subjects showed, the wrong proxies.
 */
import {embedded} from "retryproof/parts/data";
import {h} from "retryproof/parts/dom";
import {renderComparison} from "retryproof/report/comparison_page";
import {renderCoverage} from "retryproof/report/coverage_page";
import {isOfSubject} from "retryproof/report/document_links";
import {renderExploration} from "retryproof/report/exploration_page";
import {renderLines} from "retryproof/report/lines_page";
import {renderWrong} from "retryproof/report/wrong_page";

/**
 * @param {HTMLElement} container is emptied
 * @param {any} document one result, or a list of subjects' results
 * @param {{title?: string, documents?: {id: string, title: string, schema: string}[]}} [context] documents: all of the report
 * @returns {Promise<void>|void}
 */
export function renderDocument(container, document, context = {}) {
    if (Array.isArray(document) || isOfSubject({schema: document.format ?? ""})) {
        return renderSubjects(container, document, context);
    }
    const kind = String(document.schema ?? "").replace(/-\d+$/, "");
    const renderers = {
        "retryproof-exploration": renderExploration,
        "retryproof-coverage": renderCoverage,
        "retryproof-lines": renderLines,
        "retryproof-wrong": renderWrong,
    };

    return (renderers[kind] ?? renderUnknown)(container, document, context);
}

/* Results of several subjects are one comparison, whichever of them was opened. A reader who has gone on meanwhile has taken
   the place out of the page. */
async function renderSubjects(container, document, context) {
    const place = h("div", {});

    container.replaceChildren(place);
    if (Array.isArray(document)) {
        return renderComparison(place, document);
    }
    const ids = (context.documents ?? []).filter(isOfSubject).map((one) => one.id);
    const all = (await Promise.all(ids.map(embedded))).flat();

    return renderComparison(place, all.length > 0 ? all : [document]);
}

function renderUnknown(container, document, context) {
    container.replaceChildren(h("div", {class: "document"},
        h("h1", {tabindex: "-1", text: context.title ?? "Result"}),
        h("p", {text: `This report does not know how to show “${document.schema ?? document.format ?? "a result without a schema"}”. This is what it holds:`}),
        h("pre", {class: "code-block", tabindex: "0", "aria-label": "JSON", text: JSON.stringify(document, null, 2)})));
}
