/**
 * The cases of the index in the order of the matrix, each with its key and its place among the data.
 *
 * @typedef {object} Entry a case of the index (reports/html/html_data.h), and
 * @property {number} position in the index
 * @property {string} key
 * @property {string} haystack what a text is looked for in, in small letters
 */
import {STAGES} from "retryproof/parts/words";
import {caseKey} from "retryproof/report/links";

/* Idempotent ones first (RFC 9110 9.2.2), so that the boundary of most rules is one vertical line. */
const METHODS = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "POST", "PATCH", "CONNECT"];
const collator = new Intl.Collator("en", {numeric: true}); // "after 64 bytes" comes before "after 1024 bytes"
const stageRanks = new Map([...STAGES.keys()].map((stage, rank) => [stage, rank]));

/** @returns {Entry[]} */
export function orderCases(cases) {
    const keys = new Map();
    const entries = cases.map((entry, position) => ({...entry, position, key: uniqueKey(entry, keys), haystack: haystackOf(entry)}));

    return entries.sort(compareEntries);
}

export function compareStages(a, b) {
    return rank(stageRanks.get(a)) - rank(stageRanks.get(b)) || collator.compare(a, b);
}

export function compareMethods(a, b) {
    return rank(METHODS.indexOf(a)) - rank(METHODS.indexOf(b)) || collator.compare(a, b);
}

/** The case ran to its end, so that what the witnesses saw of it can be shown. */
export function hasOutcome(entry) {
    return entry.verdict === "pass" || entry.verdict === "fail";
}

/** There is something to tell of it: what a reader wants to see first. */
export function hasFindings(entry) {
    return entry.verdict === "fail" || entry.verdict === "setup-failed" || entry.verdict === "error";
}

/** "502 1/1": what the client got, attempts at upstreams and requests that reached one whole. */
export function outcomeText(entry) {
    return `${entry.client ?? "-"} ${entry.attempts}/${entry.delivered}`;
}

/** What tells a case from others of its scenario: the values of its grid, or its fault, and its world. */
export function variantOf(entry) {
    const grid = /\[(.*)\]$/.exec(entry.id);

    return `${grid === null ? entry.fault : grid[1]}, ${entry.world}`;
}

/** What all cases of a scenario have in common: the beginning of their ids. */
export function stemOf(entry) {
    return entry.id.replace(/\[.*\]$/, "[");
}

function compareEntries(a, b) {
    return collator.compare(a.subject, b.subject) || compareStages(a.stage, b.stage) || collator.compare(a.fault, b.fault) ||
        compareMethods(a.method, b.method) || collator.compare(a.id, b.id) || collator.compare(a.world, b.world);
}

function rank(value) {
    return value === undefined || value < 0 ? Infinity : value;
}

/* A result that was merged may hold a case twice. */
function uniqueKey(entry, keys) {
    const key = caseKey(entry);
    const count = (keys.get(key) ?? 0) + 1;

    keys.set(key, count);
    return count === 1 ? key : `${key}~${count}`;
}

function haystackOf(entry) {
    return [entry.id, entry.name, entry.fault, entry.source, entry.client, entry.subject].filter(Boolean).join("\n").toLowerCase();
}
