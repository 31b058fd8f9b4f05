/**
 * The cases behind a cell of a comparison, in a dialog: how each went, in sentences, and the command that plays it again.
 */
import {copyBox, h} from "retryproof/parts/dom";
import {count} from "retryproof/parts/words";
import {HARMS, gravityMark} from "retryproof/report/harms";
import {reproduction, wayText} from "retryproof/report/subject_results";

const CASES_AT_FIRST = 12; /* the first ones tell what it is about */

/**
 * @param {string} title
 * @param {object} result of the subject
 * @param {import("retryproof/report/subject_results").SubjectCase[]} cases
 */
export function openCases(title, result, cases) {
    const close = h("button", {type: "button", class: "button", on: {click: () => dialog.close()}}, "Close");
    const rest = cases.slice(CASES_AT_FIRST);
    const more = h("button", {type: "button", class: "button", on: {click: () => more.replaceWith(...rest.map((one) => casePart(result, one)))}},
        `Show ${count(rest.length, "more case")}`);
    const dialog = h("dialog", {class: "subject-dialog", "aria-labelledby": "case-dialog-title", on: {close: () => dialog.remove()}},
        h("div", {class: "dialog-head"}, h("h2", {id: "case-dialog-title", text: title}), close),
        h("p", {class: "soft small", text: count(cases.length, "case")}),
        ...cases.slice(0, CASES_AT_FIRST).map((one) => casePart(result, one)),
        rest.length > 0 ? more : null);

    document.body.append(dialog);
    dialog.showModal();
}

function casePart(result, one) {
    return h("article", {class: "card"},
        h("h3", {text: one.name ?? one.id}),
        h("p", {}, h("code", {class: "soft", text: one.id})),
        ...one.ways.map((way) => wayPart(way, one.ways.length > 1)),
        copyBox(reproduction(result, one), "Copy the command"));
}

function wayPart(way, racy) {
    const times = racy ? `, ${count(way.times, "time")}` : "";

    return h("div", {class: "way"},
        h("p", {}, h("strong", {text: wayText(way)}), times,
            ...way.harms.map((word) => harmBadge(word))),
        Object.keys(way.upstreams).length > 0 ? h("p", {class: "small", text: Object.entries(way.upstreams).map(upstreamWords).join("; ")}) : null,
        way.sentences.length > 0 ? h("ul", {}, ...way.sentences.map((sentence) => h("li", {text: sentence}))) : null);
}

function upstreamWords([name, [attempts, delivered, bytes]]) {
    return `${name}: ${count(attempts, "attempt")}, ${delivered} whole${bytes > 0 ? `, ${count(bytes, "body byte")}` : ""}`;
}

function harmBadge(word) {
    const harm = HARMS.get(word) ?? {title: word, gravity: 0};

    return h("span", {class: "badge", data: {tone: ["none", "warn", "bad"][harm.gravity]}}, `${gravityMark(harm.gravity)} ${harm.title}`.trim());
}
