/**
 * Which cases are shown. What is chosen stands in the address, so that a link leads to the same cases.
 *
 * @typedef {import("./cases").Entry} Entry
 */
import {h} from "retryproof/parts/dom";
import {count, number, verdictOf, VERDICTS} from "retryproof/parts/words";
import {compareMethods, compareStages} from "retryproof/report/cases";

/* One value each; text and verdicts are beside them. */
const CHOICES = [
    ["level", "Level", undefined],
    ["stage", "Stage", compareStages],
    ["method", "Method", compareMethods],
    ["world", "World", undefined],
    ["subject", "Subject", undefined],
];
const TYPING_MS = 120; // a reader who types waits for no list of each letter

/**
 * @param {Entry[]} entries
 * @param {URLSearchParams} filters
 * @returns {Entry[]} those that the filters show, in their order
 */
export function applyFilters(entries, filters) {
    const verdicts = listOf(filters.get("verdict"));
    const words = (filters.get("text") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = CHOICES.map(([name]) => [name, filters.get(name)]).filter(([, value]) => value);

    return entries.filter((entry) =>
        (verdicts.length === 0 || verdicts.includes(entry.verdict)) &&
        chosen.every(([name, value]) => entry[name] === value) &&
        words.every((word) => entry.haystack.includes(word)));
}

/** Only what the page knows of (view: whether the cases are a matrix or a list), and nothing empty: an address may have been written by hand. */
export function cleanFilters(filters) {
    const known = ["verdict", "text", "view", ...CHOICES.map(([name]) => name)];
    return new URLSearchParams([...filters].filter(([name, value]) => known.includes(name) && value !== ""));
}

/**
 * The controls. changed(filters) is called for each change by the reader.
 *
 * @param {Entry[]} entries all of them
 * @param {(filters: URLSearchParams) => void} changed
 * @returns {{element: HTMLElement, show: (filters: URLSearchParams, shown: number) => void, focusText: () => void}}
 */
export function createFilters(entries, changed) {
    const text = h("input", {type: "search", id: "filter-text", placeholder: "sentence, id, fault, 502 …", autocomplete: "off", spellcheck: "false", on: {input: typed}});
    const verdicts = verdictButtons(entries, tell);
    const choices = CHOICES.map(([name, label, compare]) => choice(entries, {name, label, compare}, tell)).filter(Boolean);
    const shownCount = h("p", {class: "filter-count", role: "status"});
    const reset = h("button", {class: "button", type: "button", text: "Show all", on: {click: () => changed(new URLSearchParams())}});
    let timer = 0;

    return {element: build(), show, focusText: () => text.focus()};

    function build() {
        return h("form", {class: "filters no-print", role: "search", "aria-label": "Filter the cases", on: {submit: (event) => event.preventDefault()}},
            h("div", {class: "field filter-text"}, h("label", {for: "filter-text"}, "Text ", h("kbd", {text: "/", title: "press / to come here"})), text),
            verdicts.element, choices.map((one) => one.element),
            h("div", {class: "filter-end"}, reset, shownCount));
    }

    function typed() {
        clearTimeout(timer);
        timer = setTimeout(tell, TYPING_MS);
    }

    function tell() {
        const filters = new URLSearchParams();
        if (text.value.trim() !== "") {
            filters.set("text", text.value.trim());
        }
        if (verdicts.chosen().length > 0) {
            filters.set("verdict", verdicts.chosen().join(","));
        }
        choices.filter((one) => one.value() !== "").forEach((one) => filters.set(one.name, one.value()));
        changed(filters);
    }

    function show(filters, shown) {
        if (text.value.trim() !== (filters.get("text") ?? "")) {
            text.value = filters.get("text") ?? "";
        }
        verdicts.choose(listOf(filters.get("verdict")));
        choices.forEach((one) => one.choose(filters.get(one.name) ?? ""));
        reset.disabled = [...filters].length === 0;
        shownCount.textContent = shown === entries.length ? `all ${count(shown, "case")}` : `${number(shown)} of ${count(entries.length, "case")}`;
    }
}

/* Several may be pressed at once; none is as good as all. */
function verdictButtons(entries, tell) {
    const counts = countVerdicts(entries);
    const buttons = [...VERDICTS.keys()].filter((verdict) => counts.has(verdict)).map(button);
    const element = h("div", {class: "field"}, h("span", {class: "label", id: "filter-verdict", text: "Verdict"}),
        h("div", {class: "button-row", role: "group", "aria-labelledby": "filter-verdict"}, buttons));

    return {element, chosen, choose};

    function button(verdict) {
        const {glyph, tone, meaning} = verdictOf({verdict, level: "must"});
        const self = h("button", {class: "button verdict-button", type: "button", "aria-pressed": "false", title: meaning, data: {verdict, tone}, on: {click: () => {
            self.setAttribute("aria-pressed", String(self.getAttribute("aria-pressed") !== "true"));
            tell();
        }}}, h("span", {class: "glyph", "aria-hidden": "true", text: glyph}), `${verdict} `, h("span", {class: "button-count", text: number(counts.get(verdict))}));
        return self;
    }

    function chosen() {
        return buttons.filter((one) => one.getAttribute("aria-pressed") === "true").map((one) => one.dataset.verdict);
    }

    function choose(list) {
        buttons.forEach((one) => one.setAttribute("aria-pressed", String(list.includes(one.dataset.verdict))));
    }
}

/* Where there is nothing to choose from, there is no control. */
function choice(entries, {name, label, compare}, tell) {
    const values = [...new Set(entries.map((entry) => entry[name]))].sort(compare);
    if (values.length < 2) {
        return null;
    }
    const id = `filter-${name}`;
    const select = h("select", {id, on: {change: tell}}, h("option", {value: "", text: "all"}),
        values.map((value) => h("option", {value, text: value})));

    return {
        name,
        element: h("div", {class: "field"}, h("label", {for: id, text: label}), select),
        value: () => select.value,
        choose: (value) => (select.value = values.includes(value) ? value : ""),
    };
}

function countVerdicts(entries) {
    const counts = new Map();
    entries.forEach((entry) => counts.set(entry.verdict, (counts.get(entry.verdict) ?? 0) + 1));
    return counts;
}

function listOf(text) {
    return (text ?? "").split(",").filter(Boolean);
}
