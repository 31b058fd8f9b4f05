/**
 * One exchange: what became of it, each attempt, and what the client got. The row of the log is told by the cards that the
 * report uses for its recordings.
 */
import {clear, h} from "retryproof/parts/dom";
import {size} from "retryproof/parts/words";
import {exchangeCards, exchangeSummary} from "retryproof/parts/attempt_card";

/**
 * A row of the request log (docs/log.md) in the words of the cards.
 *
 * @param {Object<string, any>} row
 * @returns {import("../parts/attempt_card.js").Exchange}
 */
export function exchangeOfRow(row) {
    return {
        client: row.client ?? undefined,
        method: row.method ?? undefined,
        target: row.target ?? undefined,
        duration_ns: row.duration_ns,
        status: row.status,
        stage: row.stage ?? undefined,
        cause: row.cause ?? undefined,
        error_word: row.error ?? undefined,
        attempts: (row.retry_details ?? []).map(attemptOfDetail),
    };
}

function attemptOfDetail(detail) {
    return {
        number: detail.attempt,
        upstream: detail.upstream ?? detail.address ?? undefined,
        address: detail.address ?? undefined,
        reused: detail.reused,
        tls: detail.tls,
        duration_ns: detail.duration_ns,
        tx: detail.tx,
        rx: detail.rx,
        status: detail.status,
        stage: detail.stage ?? undefined,
        cause: detail.cause ?? undefined,
        detail: detail.message ?? undefined,
        retried: detail.retried,
        decision: detail.reason ?? undefined,
        backoff_ns: detail.backoff_ns,
    };
}

/** What became of it, in a line, and whether it went well. */
export function outcomeOfRow(row) {
    const exchange = exchangeOfRow(row);
    const good = row.stage === null && row.cause === null && row.error === null;

    return {good, glyph: good ? "✓" : "✗", text: exchangeSummary(exchange)};
}

/** The badge of what was tried again; null where nothing was. */
export function retryBadge(row) {
    const retries = row.retry_attempts;

    return retries === 0 ? null : h("span", {class: "badge retry-badge", "data-tone": "warn"},
        h("span", {"aria-hidden": "true", text: `↻${retries}`}),
        h("span", {class: "visually-hidden", text: retries === 1 ? "1 retry" : `${retries} retries`}));
}

/**
 * Fills the section of one exchange, and gives the focus to its title.
 *
 * @param {HTMLElement} element
 * @param {{row?: Object<string, any>, id: number, error?: string, backTo: string}} shown
 */
export function showExchange(element, {row, id, error, backTo}) {
    const title = h("h2", {id: "exchange-title", tabindex: "-1"}, `Exchange ${id} `, row ? retryBadge(row) : null);
    const back = h("a", {class: "button exchange-back", href: backTo, text: "Close"});

    clear(element).append(h("header", {class: "section-head"}, title, back),
        ...(row ? story(row) : [h("p", {class: "callout", "data-tone": "bad", text: `✗ ${error}`})]));
    element.hidden = false;
    title.focus();
}

function story(row) {
    const outcome = outcomeOfRow(row);

    return [
        h("p", {class: "exchange-request"}, h("code", {text: `${row.method ?? "?"} ${row.target ?? "?"}`})),
        h("p", {class: "callout", "data-tone": outcome.good ? "good" : "bad"},
            h("span", {"aria-hidden": "true", text: `${outcome.glyph} `}), h("strong", {text: outcome.text})),
        exchangeCards(exchangeOfRow(row), {heading: "h3"}),
        h("h3", {text: "The row of the log"}),
        h("dl", {class: "facts"}, ...facts(row).map(([name, value]) =>
            h("div", {class: "fact"}, h("dt", {text: name}), h("dd", {text: value})))),
    ];
}

/** What the cards do not tell. */
function facts(row) {
    const sizes = ["request_bytes", "response_bytes", "held_bytes_peak"].map((name) => [name, size(row[name])]);
    const words = ["ended", "kind", "route", "host", "user", "tunnel", "summary"].map((name) => [name, row[name]]);

    return [...words, ...sizes].filter(([, value]) => value !== null && value !== undefined);
}
