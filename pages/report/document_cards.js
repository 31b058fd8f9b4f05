/**
 * The first view of a report without a run: a card for each result that it holds, with what came of it and its figures.
 */
import {embedded} from "retryproof/parts/data";
import {clear, h} from "retryproof/parts/dom";
import {documentLinks} from "retryproof/report/document_links";
import {figureList, toneBadge} from "retryproof/report/document_parts";

/* In the words of a reader who decides what to open first; the worst comes first. */
const VERDICTS = [
    {tone: "bad", glyph: "✗", words: "something is wrong"},
    {tone: "warn", glyph: "!", words: "something to look at"},
    {tone: "good", glyph: "✓", words: "nothing wrong was found"},
];

/** @param {{id: string, title: string, schema: string}[]} documents of the index */
export function documentCards(documents) {
    return h("ul", {class: "document-cards"}, documentLinks(documents).map((link) => documentCard(link, documents)));
}

function documentCard({number, href, title}, documents) {
    const summary = h("div", {}, h("p", {class: "soft small", text: documents[number].schema}));

    fill(summary, documents[number], documents);
    return h("li", {class: "card document-card"}, h("h2", {}, h("a", {href, text: title})), summary);
}

/* A result is unpacked to tell of it, which takes a moment; its link is there at once. */
async function fill(summary, {id}, documents) {
    const [{summarizeDocument}, data] = await Promise.all([import("retryproof/report/document_view"), embedded(id)]);
    const {lead, figures} = await summarizeDocument(data, documents);
    const verdict = VERDICTS.find(({tone}) => figures.some((figure) => figure.tone === tone));

    if (figures.length > 0) {
        clear(summary).append(...[
            verdict && h("p", {}, toneBadge(verdict.tone, verdict.glyph, verdict.words)),
            h("p", {class: "soft", text: lead}), figureList(figures)].filter(Boolean));
    }
}
