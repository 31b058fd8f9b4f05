/**
 * The newest exchanges of the request log, newest first. Rows that are shown stay where they are; new ones come above them.
 */
import {clear, h} from "retryproof/parts/dom";
import {count, duration} from "retryproof/parts/words";
import {ask, requestsPath} from "retryproof/live/admin";
import {writeHash} from "retryproof/live/filters";
import {outcomeOfRow, retryBadge} from "retryproof/live/exchange_view";

/** Rows of one question: what fits on two screens. */
const PAGE_ROWS = 50;
/** Rows that are kept; older ones can be asked for again. */
const ROWS_MAX = 1000;

/** @returns the table, and what can be done with it */
export function createExchanges() {
    const known = new Map(); // id -> {row, line}, newest first
    const body = h("tbody", {});
    const said = h("p", {class: "soft small live-count", role: "status"});
    const older = h("button", {class: "button", type: "button", text: "Show older", hidden: true, on: {click: showOlder}});
    const table = h("table", {class: "wide live-table"},
        h("caption", {class: "visually-hidden", text: "Exchanges, newest first"}),
        h("thead", {}, h("tr", {}, ...COLUMNS.map(([name, title]) => h("th", {scope: "col", class: `column-${name}`, text: title})))),
        body);
    const element = h("div", {class: "live-list"}, said, h("div", {class: "table-scroll"}, table), older);
    let filters = {};
    let selected = null;
    let question = 0; // the answer to an earlier one is not shown any more

    return {element, refresh, row: (id) => known.get(id)?.row, select, explain};

    /** Asks for the newest rows; with other filters the list begins anew. Fails where no answer came. */
    async function refresh(wanted) {
        const isNew = JSON.stringify(wanted) !== JSON.stringify(filters);

        filters = wanted;
        if (isNew) {
            forget();
        }
        const {value, error} = await askFor({limit: PAGE_ROWS});
        if (value === undefined) {
            return;
        }
        if (error !== null) {
            forget();
            explain(error);
            return;
        }
        addNewest(value);
        tell();
    }

    async function askFor(page) {
        const mine = ++question;
        const answer = await ask(requestsPath(filters, page));

        return mine === question ? answer : {value: undefined};
    }

    function addNewest({requests, next}) {
        const fresh = requests.filter((row) => !known.has(row.id));

        if (fresh.length === requests.length && known.size > 0 && next !== null) {
            forget(); // more came than one page holds: a list with a hole would lie
        }
        if (known.size === 0) {
            older.hidden = next === null;
        }
        const before = Array.from(known);
        known.clear();
        body.prepend(...fresh.map(keep));
        before.forEach(([id, entry]) => known.set(id, entry));
        dropOldest();
    }

    function keep(row) {
        const line = lineOf(row, filters, row.id === selected);

        known.set(row.id, {row, line});
        return line;
    }

    function dropOldest() {
        for (const id of Array.from(known.keys()).slice(ROWS_MAX)) {
            known.get(id).line.remove();
            known.delete(id);
            older.hidden = false;
        }
    }

    async function showOlder() {
        const last = Array.from(known.keys()).pop();
        const {value, error} = await askFor({before: last, limit: PAGE_ROWS});

        if (value === undefined || error !== null) {
            return;
        }
        const lines = value.requests.filter((row) => !known.has(row.id)).map(keep);
        body.append(...lines);
        older.hidden = value.next === null || known.size >= ROWS_MAX;
        lines[0]?.querySelector("a").focus();
        tell();
    }

    function forget() {
        known.clear();
        clear(body);
        older.hidden = true;
    }

    function select(id) {
        selected = id;
        for (const [each, {line, row}] of known) {
            const link = line.querySelector("a");

            link.href = writeHash({request: row.id, filters});
            each === id ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
        }
    }

    function tell() {
        const words = Object.entries(filters).map(([name, value]) => `${name} ${value}`).join(", ");
        const rows = known.size === 0 ? "No exchange" : count(known.size, "exchange");

        explain(`${rows}${words === "" ? "" : ` with ${words}`}${older.hidden ? "" : ", and older ones"}.`);
    }

    function explain(sentence) {
        if (said.textContent !== sentence) {
            said.textContent = sentence;
        }
    }
}

const COLUMNS = [
    ["when", "Ended"], ["request", "Request"], ["status", "Status"], ["outcome", "What became of it"],
    ["route", "Route"], ["took", "Took"],
];

function lineOf(row, filters, isSelected) {
    const outcome = outcomeOfRow(row);
    const cells = {
        when: h("time", {datetime: row.ended, title: row.ended, text: clock(row.ended)}),
        request: [h("a", {href: writeHash({request: row.id, filters}), "aria-current": isSelected ? "true" : null},
            h("span", {class: "request-method", text: row.method ?? "?"}), " ", row.target ?? "?"), " ", retryBadge(row)],
        status: row.status === 0 ? "none" : String(row.status),
        outcome: [h("span", {"aria-hidden": "true", class: "outcome-glyph", text: `${outcome.glyph} `}), outcome.text],
        route: row.route ?? "–",
        took: duration(row.duration_ns),
    };

    return h("tr", {class: "live-row", "data-outcome": outcome.good ? "good" : "bad", "data-id": row.id},
        ...COLUMNS.map(([name]) => h("td", {class: `column-${name}`}, cells[name])));
}

/** In the reader's own time zone; the row's title has it in UTC. */
function clock(ended) {
    return ended === null ? "–" : new Date(ended).toLocaleTimeString("en-GB");
}
