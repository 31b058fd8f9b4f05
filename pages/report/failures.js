/**
 * What failed, a group for each scenario: its sentence, what was found instead, how often, and where to look first. No group is
 * left out, so that a second fault is not hidden behind the many cases of the first.
 *
 * @typedef {import("./cases").Entry} Entry
 *
 * @typedef {object} FailedScenario
 * @property {Entry[]} entries its cases with findings
 * @property {Map<string, Entry[]>} findings by their sentence, the most frequent first
 */
import {h} from "retryproof/parts/dom";
import {count, number, stageMeaning} from "retryproof/parts/words";
import {verdictBadge} from "retryproof/report/case_list";
import {hasFindings, stemOf, variantOf} from "retryproof/report/cases";
import {caseHref, homeHref} from "retryproof/report/links";

const FINDINGS_OPEN = 3; // of one scenario; the rest is one click away
const CASES_LINKED = 3; // of one finding: enough to see what they have in common
const VERDICTS_WITH_FINDINGS = "fail,error,setup-failed";

/**
 * @param {Entry[]} entries in the order of the matrix
 * @returns {HTMLElement|null} null: nothing failed
 */
export function failuresSection(entries) {
    const groups = failedScenarios(entries);
    const cases = groups.reduce((total, group) => total + group.entries.length, 0);

    return groups.length === 0 ? null : h("section", {class: "section", "aria-labelledby": "failures-title"},
        h("h2", {id: "failures-title", text: "What failed"}),
        h("p", {class: "soft"}, `${count(cases, "case")} of ${count(groups.length, "scenario")}: `,
            h("a", {href: homeHref(new URLSearchParams({verdict: VERDICTS_WITH_FINDINGS, view: "list"})), text: "all of them in a list"})),
        h("ol", {class: "failed-scenarios"}, groups.map(failedScenario)));
}

/**
 * What fails the suite comes first, then the order of the matrix.
 *
 * @param {Entry[]} entries
 * @returns {FailedScenario[]}
 */
export function failedScenarios(entries) {
    const groups = [...groupBy(entries.filter(hasFindings), (entry) => `${entry.subject}\n${stemOf(entry)}`).values()];

    return groups
        .map((group) => ({entries: group, findings: new Map([...groupBy(group, findingOf)].sort(([, a], [, b]) => b.length - a.length))}))
        .sort((a, b) => Number(b.entries[0].level === "must") - Number(a.entries[0].level === "must"));
}

function groupBy(entries, keyOf) {
    const groups = new Map();

    for (const entry of entries) {
        const key = keyOf(entry);
        groups.has(key) ? groups.get(key).push(entry) : groups.set(key, [entry]);
    }
    return groups;
}

function findingOf(entry) {
    return entry.finding ?? "Nothing was told of it.";
}

function failedScenario({entries, findings}) {
    const [first] = entries;
    const found = [...findings].map(([finding, cases]) => findingItem(finding, cases));
    const rest = found.slice(FINDINGS_OPEN);

    return h("li", {class: "failed-scenario"},
        h("div", {class: "failed-head"}, verdictBadge(first),
            h("a", {class: "failed-name", href: entries.length === 1 ? caseHref(first.key) : listHref(entries), text: first.name})),
        h("p", {class: "small soft"}, h("span", {title: stageMeaning(first.stage), text: first.stage}), ` · ${count(entries.length, "case")} · `,
            first.subject !== "builtin" && `${first.subject} · `, h("code", {text: first.file})),
        h("ul", {class: "failed-findings"}, found.slice(0, FINDINGS_OPEN)),
        rest.length > 0 && h("details", {}, h("summary", {class: "small", text: count(rest.length, "more finding")}), h("ul", {class: "failed-findings"}, rest)));
}

function findingItem(finding, cases) {
    const left = cases.length - CASES_LINKED;

    return h("li", {},
        h("span", {class: "failed-finding", text: finding}), cases.length > 1 && h("strong", {class: "small", text: ` ${number(cases.length)} times`}),
        h("ul", {class: "failed-cases small"}, cases.slice(0, CASES_LINKED).map((entry) => h("li", {}, h("a", {href: caseHref(entry.key), text: variantOf(entry)}))),
            left > 0 && h("li", {}, h("a", {href: listHref(cases), text: `and ${number(left)} more`}))));
}

/* The beginning of its ids tells a scenario from all others. */
function listHref(entries) {
    return homeHref(new URLSearchParams({verdict: VERDICTS_WITH_FINDINGS, text: stemOf(entries[0]), view: "list"}));
}
