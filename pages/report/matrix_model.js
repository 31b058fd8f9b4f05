/**
 * The matrix as values: stages of a subject, rows of faults, columns of methods. Nothing of the document is touched here.
 *
 * @typedef {import("./cases").Entry} Entry
 *
 * @typedef {object} Cell
 * @property {Entry[]} entries
 * @property {string} mark a key of MARKS
 * @property {string[]} clients what clients got, each once
 * @property {string} counts "1/1", "1-2/0-1"; "" if no case ran to its end
 * @property {boolean} differs a case did not end alike in all worlds
 *
 * @typedef {object} Row
 * @property {string} fault
 * @property {Map<string, Cell>} cells by method
 *
 * @typedef {object} Stage
 * @property {string} subject
 * @property {string} stage
 * @property {string[]} methods
 * @property {Entry[]} entries
 */
import {compareMethods, hasOutcome} from "retryproof/report/cases";

/** How a cell is marked, the worst first. Tones and glyphs are those of verdicts. */
export const MARKS = new Map([
    ["fail", {glyph: "✗", tone: "bad", word: "FAIL", meaning: "a case at level must failed"}],
    ["error", {glyph: "‼", tone: "bad", word: "ERROR", meaning: "a case could not be set up, or broke off: it proves nothing"}],
    ["warn", {glyph: "!", tone: "warn", word: "warn", meaning: "a case at level should or info did not hold"}],
    ["partly", {glyph: "✓", tone: "good", word: "partly", meaning: "what ran passed, some of its cases did not run"}],
    ["pass", {glyph: "✓", tone: "good", word: "pass", meaning: "all of its cases passed"}],
    ["unsupported", {glyph: "∅", tone: "none", word: "n/a", meaning: "this world or subject cannot make the fault faithfully"}],
    ["skipped", {glyph: "–", tone: "none", word: "skip", meaning: "left out"}],
]);

/**
 * @param {Entry[]} entries in the order of the matrix
 * @returns {Stage[]}
 */
export function foldStages(entries) {
    const stages = [];
    let last = null;

    for (const entry of entries) {
        if (last === null || last.subject !== entry.subject || last.stage !== entry.stage) {
            last = {subject: entry.subject, stage: entry.stage, entries: []};
            stages.push(last);
        }
        last.entries.push(entry);
    }
    for (const stage of stages) {
        stage.methods = [...new Set(stage.entries.map((entry) => entry.method))].sort(compareMethods);
    }
    return stages;
}

/**
 * @param {Entry[]} entries of one stage
 * @returns {Row[]} those with failures first
 */
export function foldRows(entries) {
    const rows = new Map();

    for (const entry of entries) {
        if (!rows.has(entry.fault)) {
            rows.set(entry.fault, new Map());
        }
        const cells = rows.get(entry.fault);
        cells.set(entry.method, [...(cells.get(entry.method) ?? []), entry]);
    }
    const folded = [...rows].map(([fault, cells]) => ({fault, cells: new Map([...cells].map(([method, list]) => [method, cellOf(list)]))}));

    return folded.sort((a, b) => rowRank(a) - rowRank(b));
}

/* What failed is not to be searched for among what went well. */
function rowRank(row) {
    const marks = [...row.cells.values()].map((cell) => cell.mark);

    return marks.some((mark) => mark === "fail" || mark === "error") ? 0 : marks.includes("warn") ? 1 : 2;
}

/** @returns {Cell} */
export function cellOf(entries) {
    const ended = entries.filter(hasOutcome);

    return {
        entries,
        mark: markOf(entries),
        clients: [...new Set(ended.map((entry) => entry.client ?? "-"))].sort(),
        counts: ended.length === 0 ? "" : `${range(ended.map((entry) => entry.attempts))}/${range(ended.map((entry) => entry.delivered))}`,
        differs: differs(ended),
    };
}

/** The cases with the same id: the same case in several worlds. */
export function groupById(entries) {
    const groups = new Map();

    for (const entry of entries) {
        groups.set(entry.id, [...(groups.get(entry.id) ?? []), entry]);
    }
    return groups;
}

/** Whether a case that ran to its end more than once did not end alike. */
export function differs(entries) {
    return entries.length > 1 && [...groupById(entries).values()].some((group) => new Set(group.map(outcomeOf)).size > 1);
}

function outcomeOf(entry) {
    return [entry.client, entry.attempts, entry.delivered, entry.verdict].join("\n");
}

function markOf(entries) {
    const marks = new Set(entries.map(markOfEntry));

    for (const worst of ["fail", "error", "warn"]) {
        if (marks.has(worst)) {
            return worst;
        }
    }
    if (marks.has("pass")) {
        return marks.size > 1 ? "partly" : "pass";
    }
    return marks.has("unsupported") ? "unsupported" : "skipped";
}

function markOfEntry(entry) {
    if (entry.verdict === "fail") {
        return entry.level === "must" ? "fail" : "warn";
    }
    return MARKS.has(entry.verdict) ? entry.verdict : "error";
}

function range(values) {
    const least = Math.min(...values);
    const most = Math.max(...values);
    return least === most ? String(least) : `${least}-${most}`;
}
