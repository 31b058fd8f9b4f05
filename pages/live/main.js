/**
 * A running proxy, as its admin listener tells of it: what it does now, its newest exchanges, and how often its routes try again.
 */
import {clear, h} from "retryproof/parts/dom";
import {themeButton} from "retryproof/parts/theme";
import {number, size} from "retryproof/parts/words";
import {ask} from "retryproof/live/admin";
import {createExchanges} from "retryproof/live/exchanges";
import {showExchange} from "retryproof/live/exchange_view";
import {createFilters, readHash, writeHash} from "retryproof/live/filters";
import {History, readMetrics, SLOT_MS, sum} from "retryproof/live/metrics";
import {createPlot} from "retryproof/live/plot";
import {createRouteForm} from "retryproof/live/route_form";

const TITLE = `retryproof proxy ${location.host}`;
const RETRIES = "retryproof_retries_total";
const FAILURES = "retryproof_failures_total";
/** The log is read by the thread that serves clients: of its time a page takes at most this share. */
const SHARE_OF_TIME = 0.1;
/** Routes change seldom: at a SIGHUP, or by another reader of this page. */
const TURNS_BETWEEN_ROUTES = 5;

const COUNTERS = [
    ["exchanges", "retryproof_exchanges_total"],
    ["attempts", "retryproof_attempts_total"],
    ["retries", RETRIES],
    ["retries refused", "retryproof_refused_retries_total"],
    ["failed attempts", FAILURES],
    ["exchanges now", "retryproof_exchanges_active"],
    ["clients now", "retryproof_client_connections"],
    ["upstream connections", "retryproof_upstream_connections_active", "retryproof_upstream_connections_idle"],
    ["log rows lost", "retryproof_log_rows_overflowed_total", "retryproof_log_rows_failed_total"],
];
const HEALTH = {
    ok: {glyph: "✓", tone: "good", text: "serving"},
    draining: {glyph: "◌", tone: "warn", text: "draining"},
    gone: {glyph: "✗", tone: "bad", text: "no answer"},
    unknown: {glyph: "…", tone: "none", text: "asking"},
};

const state = {paused: false, place: readHash(location.hash), turns: 0, listed: null, listAfter: 0, hasLog: null};
const parts = {
    health: h("p", {class: "badge live-health", role: "status"}),
    pause: h("button", {class: "button", type: "button", "aria-pressed": "false", text: "Pause the list", on: {click: togglePause}}),
    counters: h("dl", {class: "live-counters"}),
    failures: h("ul", {class: "live-failures"}),
    exchange: h("section", {class: "live-exchange", "aria-labelledby": "exchange-title", hidden: true}),
    noLog: h("div", {class: "callout", "data-tone": "none", hidden: true},
        h("p", {text: "This proxy keeps no request log, so there are no exchanges to list. Counters, routes and the plot work without one."}),
        h("p", {}, "To keep one, write ", h("code", {text: "log: FILE"}), " into its configuration, or start it with ",
            h("code", {text: "retryproof proxy CONFIG.yaml --log FILE --admin ADDRESS:PORT"}), ".")),
    filters: createFilters((filters) => go({request: null, filters})),
    exchanges: createExchanges(),
    plot: createPlot(),
    routes: createRouteForm(),
    history: new History([RETRIES, FAILURES]),
};

build();
follow();
turn();

/* ---- the page --------------------------------------------------------------------------------------- */

function build() {
    document.getElementById("page").append(
        h("a", {class: "skip-link", href: "#exchanges", on: {click: skip}, text: "Skip to the exchanges"}),
        h("header", {class: "page-header"},
            h("div", {class: "page-bar"}, h("h1", {class: "live-title"}, "retryproof proxy ", h("span", {class: "soft", text: location.host})), parts.health, h("span", {class: "page-spacer"}), themeButton())),
        h("main", {class: "page-main live-main"},
            h("section", {class: "live-now card", "aria-labelledby": "now-title"},
                h("h2", {id: "now-title", text: "Retries and failures"}),
                parts.plot.element, parts.counters, parts.failures),
            h("section", {class: "live-exchanges card", "aria-labelledby": "exchanges"},
                h("div", {class: "section-head"}, h("h2", {id: "exchanges", tabindex: "-1", text: "Exchanges"}), parts.pause),
                parts.noLog,
                parts.filters.element,
                h("div", {class: "live-columns"}, parts.exchanges.element, parts.exchange)),
            parts.routes.element));
    parts.plot.show(parts.history);
    tellHealth("unknown");
    addEventListener("hashchange", follow);
    document.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && state.place.request !== null) {
            go({...state.place, request: null});
        }
    });
}

/* The fragment of the address says what is shown, so that the link must not write into it. */
function skip(event) {
    event.preventDefault();
    document.getElementById("exchanges").focus();
}

/* ---- where we are ----------------------------------------------------------------------------------- */

function go(place) {
    const hash = writeHash(place);

    if (hash !== location.hash) {
        location.hash = hash;
    }
}

/** Shows what the address says. */
async function follow() {
    const before = state.place;

    state.place = readHash(location.hash);
    parts.filters.show(state.place.filters);
    parts.exchanges.select(state.place.request);
    await Promise.all([openExchange(before), listAnew()]).catch(() => tellHealth("gone"));
}

async function openExchange(before) {
    const {request: id, filters} = state.place;

    document.body.dataset.view = id === null ? "list" : "exchange";
    document.title = id === null ? TITLE : `Exchange ${id} – ${TITLE}`;
    if (id === null) {
        closeExchange(before.request);
        return;
    }
    const backTo = writeHash({request: null, filters});
    const {value, error} = parts.exchanges.row(id) ? {value: parts.exchanges.row(id), error: null} : await ask(`api/requests/${id}`);
    if (state.place.request === id) {
        showExchange(parts.exchange, {row: error === null ? value : undefined, id, error, backTo});
    }
}

/** Who closes an exchange goes on where it was opened. */
function closeExchange(id) {
    const hadFocus = parts.exchange.contains(document.activeElement);

    parts.exchange.hidden = true;
    if (hadFocus) {
        (parts.exchanges.element.querySelector(`[data-id="${id}"] a`) ?? document.getElementById("exchanges")).focus();
    }
}

/* ---- asking again and again -------------------------------------------------------------------------- */

async function turn() {
    if (!document.hidden) {
        await askEverything().catch(() => tellHealth("gone"));
    }
    setTimeout(turn, SLOT_MS);
}

async function askEverything() {
    const [health, metrics] = await Promise.all([ask("healthz"), ask("metrics")]);

    tellHealth(health.status === 200 ? "ok" : "draining");
    tellMetrics(readMetrics(metrics.text));
    await listAnew();
    if (state.turns++ % TURNS_BETWEEN_ROUTES === 0) {
        parts.filters.offer({routes: await parts.routes.refresh()});
    }
}

/** Asks for the newest rows if there is anything that was not asked for yet. */
async function listAnew() {
    const wanted = JSON.stringify([state.place.filters, state.written]);
    const isOther = JSON.stringify(state.place.filters) !== state.listedFilters;
    const began = performance.now();

    if (!state.hasLog || wanted === state.listed || (!isOther && (state.paused || began < state.listAfter))) {
        return;
    }
    state.listed = wanted;
    state.listedFilters = JSON.stringify(state.place.filters);
    await parts.exchanges.refresh(state.place.filters);
    state.listAfter = performance.now() + (performance.now() - began) / SHARE_OF_TIME;
}

function togglePause() {
    state.paused = !state.paused;
    parts.pause.setAttribute("aria-pressed", String(state.paused));
    parts.pause.textContent = state.paused ? "Go on with the list" : "Pause the list";
    listAnew().catch(() => tellHealth("gone"));
}

/* ---- telling ----------------------------------------------------------------------------------------- */

function tellHealth(word) {
    const health = HEALTH[word];

    if (parts.health.dataset.health !== word) {
        parts.health.dataset.health = word;
        parts.health.dataset.tone = health.tone;
        clear(parts.health).append(h("span", {"aria-hidden": "true", text: `${health.glyph} `}), health.text);
    }
}

function tellMetrics(metrics) {
    parts.history.note(metrics, Date.now());
    parts.plot.show(parts.history);
    clear(parts.counters).append(
        ...COUNTERS.filter(([, name]) => metrics.has(name) || !name.includes("_log_")).map(([title, ...names]) =>
            fact(title, number(names.reduce((total, name) => total + sum(metrics, name), 0)))),
        fact("most held by one", size(sum(metrics, "retryproof_held_bytes_peak"))));
    tellFailures(metrics.get(FAILURES) ?? []);
    tellLog(metrics);
}

function fact(title, value) {
    return h("div", {class: "fact"}, h("dt", {text: title}), h("dd", {text: value}));
}

/**
 * Each kind of failure is counted by attempts. An exchange is found by how it ended at last, so that one whose later attempt
 * went well is among the retried ones: both links are said to be what they are.
 */
function tellFailures(samples) {
    const causes = Array.from(new Set(samples.map(({labels}) => labels.cause))).sort();
    const text = JSON.stringify(samples);

    parts.filters.offer({causes});
    if (text === state.failures) {
        return;
    }
    state.failures = text;
    if (samples.length === 0) {
        clear(parts.failures);
        return;
    }
    clear(parts.failures).append(
        h("li", {class: "soft", text: "Failed attempts; a link shows the exchanges that ended so:"}),
        ...[...samples].sort((a, b) => b.value - a.value).map(({labels: {stage, cause}, value}) =>
            h("li", {}, h("a", {href: writeHash({request: null, filters: {stage, cause}})}, `${cause} at ${stage}`), ` ${number(value)}`)),
        h("li", {}, h("a", {href: writeHash({request: null, filters: {retried: "true"}}), text: "exchanges that were tried again"})));
}

/** There are counters of the log where there is a log. */
function tellLog(metrics) {
    state.hasLog = metrics.has("retryproof_log_rows_written_total");
    state.written = sum(metrics, "retryproof_log_rows_written_total");
    parts.noLog.hidden = state.hasLog;
    parts.pause.hidden = parts.filters.element.hidden = parts.exchanges.element.hidden = !state.hasLog;
}
