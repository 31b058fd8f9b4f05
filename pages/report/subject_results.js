/**
 * What subjects showed (docs/subject-result.schema.json), folded into rows of stage, fault and methods with a cell for each
 * subject and profile. Values alone; nothing is drawn here.
 *
 * @typedef {object} Way one way in which a case went
 * @property {string} verdict
 * @property {string} level
 * @property {string} [client]
 * @property {number} attempts
 * @property {number} delivered
 * @property {Object<string, number[]>} upstreams attempts, deliveries and body bytes by name
 * @property {string[]} harms
 * @property {string[]} sentences
 * @property {number} times
 *
 * @typedef {object} SubjectCase
 * @property {string} id
 * @property {string} name
 * @property {string} stage
 * @property {string} fault
 * @property {string} method
 * @property {string} file
 * @property {Way[]} ways more than one: the subject is racy here
 *
 * @typedef {object} Cell
 * @property {string} text "FAIL!! 200 2/2"
 * @property {"bad"|"warn"|"none"|"plain"} tone
 * @property {number} column
 * @property {SubjectCase[]} cases
 *
 * @typedef {object} Row
 * @property {string} fault
 * @property {string} methods
 * @property {Cell[]} cells one for each chosen column
 * @property {boolean} differs the cells are not all alike
 */
import {STAGES} from "retryproof/parts/words";
import {gravityMark, worstGravity} from "retryproof/report/harms";

const IDEMPOTENT = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]; /* RFC 9110 9.2.2 */
const METHOD_ORDER = [...IDEMPOTENT, "POST", "PATCH"];
const METHODS_NAMED_MAX = 2; /* more are told by what they have in common, where that has a name */
const CLIENTS_NAMED_MAX = 3;
const ATTACHED = "attached";
const MARKS = [["fail", "FAIL"], ["error", "setup"], ["setup-failed", "setup"]];

/** "nginx, most-retrying" */
export function columnName(result) {
    return `${result.subject}, ${result.profile}`;
}

/**
 * @param {object} result
 * @returns {SubjectCase[]} in the order of their ids
 */
export function readCases(result) {
    return Object.entries(result.cases).map(([id, one]) => {
        const shared = result.scenarios[id.replace(/\[.*$/s, "")] ?? {};

        return {stage: "", ...shared, ...one, id, ways: (one.ways ?? [one]).map(readWay)};
    });
}

function readWay(way) {
    const upstreams = way.upstreams ?? {};
    const sum = (index) => Object.values(upstreams).reduce((total, seen) => total + seen[index], 0);

    return {
        verdict: way.verdict ?? "pass", level: way.level ?? "info", client: way.client,
        attempts: sum(0), delivered: sum(1), upstreams,
        harms: way.harms ?? [], sentences: way.sentences ?? [], times: way.times ?? 1,
        body: way.body, seconds: way.seconds ?? 0, afterCancel: way.after_cancel ?? 0,
    };
}

/** One command that plays the case again. */
export function reproduction(result, one) {
    const filter = shellWord(`id = "${one.id}"`);

    return result.profile === ATTACHED ? `${result.reproduce} --filter ${filter}` :
        `retryproof run --subject ${shellWord(result.subject)} --profile ${shellWord(result.profile)} --expect ${shellWord(result.expect)} ${shellWord(one.file ?? "")} --filter ${filter}`;
}

function shellWord(text) {
    return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** "502 1/1"; the verdict of what was not played. */
export function wayText(way) {
    return hasOutcome(way) ? `${way.client ?? "-"} ${way.attempts}/${way.delivered}` : way.verdict;
}

function hasOutcome(way) {
    return way.verdict === "pass" || way.verdict === "fail";
}

/* ---- rows --------------------------------------------------------------------------------------------- */

/**
 * @param {SubjectCase[][]} columns cases of each chosen column
 * @returns {{stage: string, rows: Row[]}[]} in the order of stages
 */
export function foldStages(columns) {
    const stages = new Map();

    columns.forEach((cases, column) => cases.forEach((one) => {
        const methods = deepEntry(deepEntry(stages, one.stage, Map), one.fault, Map);
        const cells = deepEntry(methods, one.method, Map);

        deepEntry(cells, column, Array).push(one);
    }));
    const order = [...STAGES.keys()];
    const rank = (stage) => order.includes(stage) ? order.indexOf(stage) : order.length;

    return [...stages].sort(([a], [b]) => rank(a) - rank(b) || compareText(a, b)).map(([stage, faults]) => ({
        stage,
        rows: [...faults].sort(([a], [b]) => compareText(a, b)).flatMap(([fault, methods]) => foldMethods(fault, methods, columns.length)),
    }));
}

function deepEntry(map, key, Kind) {
    if (!map.has(key)) {
        map.set(key, new Kind());
    }
    return map.get(key);
}

/* Numbers in a fault are read as numbers: "after 64 bytes" comes before "after 1024 bytes". */
function compareText(a, b) {
    return a.localeCompare(b, "en", {numeric: true});
}

/* Methods that no column tells apart share a row. */
function foldMethods(fault, methods, columnCount) {
    const names = [...methods.keys()].sort((a, b) => methodRank(a) - methodRank(b) || compareText(a, b));
    const rows = new Map();

    for (const name of names) {
        const cells = Array.from({length: columnCount}, (_, column) => makeCell(methods.get(name).get(column) ?? [], column));
        const key = cells.map((cell) => cell.text).join("\n");
        const row = rows.get(key);

        if (row) {
            row.names.push(name);
            row.cells.forEach((cell, column) => cell.cases.push(...cells[column].cases));
        } else {
            rows.set(key, {names: [name], cells});
        }
    }
    return [...rows.values()].map((row) => ({
        fault, cells: row.cells,
        methods: methodsLabel(row.names, names),
        differs: new Set(row.cells.filter((cell) => cell.cases.length > 0).map((cell) => cell.text)).size > 1,
    }));
}

function methodRank(method) {
    return METHOD_ORDER.includes(method) ? METHOD_ORDER.indexOf(method) : METHOD_ORDER.length;
}

function methodsLabel(chosen, all) {
    if (chosen.length <= METHODS_NAMED_MAX) {
        return chosen.join(" ");
    }
    if (chosen.length === all.length) {
        return "all";
    }
    const idempotent = all.filter((method) => IDEMPOTENT.includes(method));

    return chosen.length === idempotent.length && chosen.every((method) => IDEMPOTENT.includes(method)) ? "idempotent" : chosen.join(" ");
}

/* ---- cells ---------------------------------------------------------------------------------------------- */

/** @returns {Cell} */
function makeCell(cases, column) {
    const ways = cases.flatMap((one) => one.ways);
    const played = ways.filter(hasOutcome);
    const gravity = worstGravity(ways.flatMap((way) => way.harms));
    const word = markOf(ways);
    const marks = `${word}${gravityMark(gravity)}${cases.some((one) => one.ways.length > 1) ? "?" : ""}`;
    const text = [marks, outcomeText(played)].filter(Boolean).join(" ");

    return {cases: [...cases], column, text: cases.length === 0 ? "·" : text, tone: toneOf(word, gravity)};
}

function markOf(ways) {
    for (const [verdict, word] of MARKS) {
        const found = ways.filter((way) => way.verdict === verdict);

        if (found.some((way) => verdict !== "fail" || way.level === "must")) {
            return word;
        }
    }
    if (ways.some((way) => way.verdict === "fail")) {
        return "warn";
    }
    if (ways.length > 0 && !ways.some(hasOutcome)) {
        return ways.some((way) => way.verdict === "unsupported") ? "n/a" : "skip";
    }
    return ways.every(hasOutcome) ? "" : "~";
}

function toneOf(word, gravity) {
    if (word === "FAIL" || word === "setup" || gravity === 2) {
        return "bad";
    }
    if (word === "warn" || gravity === 1) {
        return "warn";
    }
    return word === "n/a" || word === "skip" ? "none" : "plain";
}

/* "502|504 1-2/0-1": cases of one cell may differ. */
function outcomeText(ways) {
    if (ways.length === 0) {
        return "";
    }
    const clients = [...new Set(ways.map((way) => way.client ?? "-"))].sort();
    const named = clients.length > CLIENTS_NAMED_MAX ? `${clients.slice(0, CLIENTS_NAMED_MAX).join("|")}|…` : clients.join("|");

    return `${named} ${range(ways.map((way) => way.attempts))}/${range(ways.map((way) => way.delivered))}`;
}

function range(numbers) {
    const least = Math.min(...numbers);
    const most = Math.max(...numbers);

    return least === most ? String(least) : `${least}-${most}`;
}

/* ---- counts ---------------------------------------------------------------------------------------------- */

/** The cases of a column in which a harm was done. */
export function casesWithHarm(cases, word) {
    return cases.filter((one) => one.ways.some((way) => way.harms.includes(word)));
}

/** Cases of a column by what became of them: [words, how many, tone]. */
export function caseCounts(cases) {
    const count = (test) => cases.filter((one) => one.ways.some(test)).length;

    return [
        ["cases", cases.length, "plain"],
        ["FAIL: break a must", count((way) => way.verdict === "fail" && way.level === "must"), "bad"],
        ["warn: break a should", count((way) => way.verdict === "fail" && way.level !== "must"), "warn"],
        ["?: racy", cases.filter((one) => one.ways.length > 1).length, "warn"],
        ["n/a: cannot be asked", count((way) => way.verdict === "unsupported"), "none"],
        ["setup: not played whole", count((way) => way.verdict === "setup-failed" || way.verdict === "error"), "none"],
    ];
}
