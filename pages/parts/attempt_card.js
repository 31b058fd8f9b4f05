/**
 * Cards that tell an exchange: one for each try at an upstream, with what was decided behind it, and one for what the client
 * got at last. The report fills them from recordings, the live page from the rows of the request log.
 *
 * @typedef {object} Attempt any of these may be missing
 * @property {number} [number] counts from 1
 * @property {string} [upstream]
 * @property {string} [address]
 * @property {boolean} [reused] on a connection that had served before
 * @property {boolean} [tls]
 * @property {number} [begun_ns]
 * @property {number} [ended_ns]
 * @property {number} [duration_ns] where begin and end are not known
 * @property {number} [tx] bytes of the request that were handed over
 * @property {number} [rx] bytes of the response that came
 * @property {number} [status] of its final head; 0: none came
 * @property {string} [stage] where it failed
 * @property {string} [cause]
 * @property {string} [detail]
 * @property {boolean} [retried]
 * @property {string} [decision] why it was tried again, or why not
 * @property {number} [backoff_ns]
 *
 * @typedef {object} Exchange any of these may be missing
 * @property {string} [client]
 * @property {string} [method]
 * @property {string} [target]
 * @property {number} [begun_ns]
 * @property {number} [ended_ns]
 * @property {number} [duration_ns]
 * @property {number} [status] that the client got; 0: none
 * @property {string} [stage]
 * @property {string} [cause]
 * @property {string} [error_word]
 * @property {Attempt[]} [attempts]
 */
import {h} from "retryproof/parts/dom";
import {duration, moment, size} from "retryproof/parts/words";

const GLYPHS = {failed: "⊘", answered: "←", open: "○"};

/** How an attempt ended: a word for style sheets, a glyph and words for people. None of them is that of a verdict. */
export function attemptOutcome(attempt) {
    if (attempt.stage || attempt.cause) {
        return {word: "failed", glyph: GLYPHS.failed, text: attempt.stage ? `failed at ${attempt.stage}` : "failed"};
    }
    if (attempt.status) {
        return {word: "answered", glyph: GLYPHS.answered, text: `answered ${attempt.status}`};
    }
    return {word: "open", glyph: GLYPHS.open, text: "no answer came"};
}

/**
 * What became of an exchange, in a line: "succeeded after 2 retries", "failed after 3 attempts: connection_refused at dial".
 *
 * @param {Exchange} exchange
 */
export function exchangeSummary(exchange) {
    const attempts = exchange.attempts ?? [];
    const last = attempts[attempts.length - 1] ?? {};
    const stage = exchange.stage ?? (exchange.error_word ? last.stage : undefined);
    const cause = exchange.cause ?? (exchange.error_word ? last.cause : undefined);

    if (!stage && !cause && !exchange.error_word) {
        return attempts.length > 1 ? `succeeded after ${times(attempts.length - 1, "retry", "retries")}` :
            "succeeded at the first attempt";
    }
    const why = [cause ?? exchange.error_word, stage ? `at ${stage}` : null].filter(Boolean).join(" ");

    return attempts.length === 0 ? `failed before any attempt: ${why}` :
        `failed after ${times(attempts.length, "attempt", "attempts")}: ${why}`;
}

/**
 * @param {Attempt} attempt
 * @param {{heading?: string}} [options] heading: the element of its title, "h3" unless said
 */
export function attemptCard(attempt, options = {}) {
    const outcome = attemptOutcome(attempt);

    return h("article", {class: "card attempt-card", "data-outcome": outcome.word},
        h("header", {class: "attempt-head"},
            h(options.heading ?? "h3", {class: "attempt-title"},
                attempt.number ? `Attempt ${attempt.number}` : "Attempt",
                attempt.upstream ? h("span", {class: "attempt-upstream"}, " at ", h("strong", {text: attempt.upstream})) : null),
            outcomeMark(outcome)),
        factList(attemptFacts(attempt)));
}

/**
 * @param {Exchange} exchange
 * @param {{heading?: string, unjudged?: boolean, unread?: boolean}} [options] unjudged: nobody says that it went well, for
 *     somebody found that it did not; unread: what was sent to the client it never read
 */
export function resultCard(exchange, options = {}) {
    const good = Boolean(exchange.status) && !exchange.error_word && !exchange.stage && !exchange.cause;
    const word = good ? "answered" : "failed";
    const outcome = {word, glyph: GLYPHS[word], text: resultWords(exchange, options)};

    return h("article", {class: "card attempt-card result-card", "data-outcome": outcome.word},
        h("header", {class: "attempt-head"},
            h(options.heading ?? "h3", {class: "attempt-title", text: "Result"}),
            outcomeMark(outcome)),
        good && options.unjudged ? null : h("p", {class: "result-summary", text: exchangeSummary(exchange)}),
        factList(resultFacts(exchange)));
}

function resultWords({status}, {unread}) {
    if (!status) {
        return "the client got no answer";
    }
    return unread ? `the proxy sent ${status}, which the client did not read` : `the client got ${status}`;
}

/**
 * The cards of an exchange in their order, with what was decided between them, then its result.
 *
 * @param {Exchange} exchange
 * @param {{heading?: string}} [options]
 */
export function exchangeCards(exchange, options = {}) {
    const attempts = exchange.attempts ?? [];
    const items = [];

    for (const [index, attempt] of attempts.entries()) {
        items.push(h("li", {class: "attempt-item"}, attemptCard(attempt, options)));
        items.push(h("li", {class: "attempt-step"}, decisionStep(attempt, index + 1 < attempts.length)));
    }
    items.push(h("li", {class: "attempt-item"}, resultCard(exchange, options)));
    return h("ol", {class: "attempt-flow"}, ...items);
}

/* ---- parts ------------------------------------------------------------------------------------------ */

/** The arrow behind an attempt: to the next one, or to the client. */
function decisionStep(attempt, another) {
    const outcome = attemptOutcome(attempt).word;
    const again = attempt.retried ?? another;
    const waited = attempt.backoff_ns ? ` after ${duration(attempt.backoff_ns)}` : "";
    let word = outcome === "answered" ? "passed on to the client" : "not tried again";

    if (again) {
        word = `tried again${waited}`;
    }
    return h("div", {class: "decision", "data-again": again ? "yes" : "no"},
        h("span", {class: "decision-arrow", "aria-hidden": "true", text: again ? "↻" : "→"}),
        h("span", {class: "decision-text"},
            h("strong", {text: word}),
            attempt.decision ? h("span", {class: "decision-reason", text: attempt.decision}) : null));
}

function outcomeMark(outcome) {
    return h("span", {class: "badge attempt-outcome", "data-outcome": outcome.word},
        h("span", {"aria-hidden": "true", text: `${outcome.glyph} `}), outcome.text);
}

/** @returns {[string, string][]} names and values, of what is known */
function attemptFacts(attempt) {
    const facts = [];

    if (attempt.address) {
        facts.push(["address", attempt.address]);
    }
    facts.push(["connection", connectionWords(attempt)]);
    if (attempt.cause) {
        facts.push(["cause", attempt.cause]);
    }
    if (attempt.detail) {
        facts.push(["detail", attempt.detail]);
    }
    if (attempt.stage && attempt.status) {
        facts.push(["status", String(attempt.status)]);
    }
    facts.push(["sent", amount(attempt.tx)], ["received", amount(attempt.rx)]);
    return facts.concat(timeFacts(attempt)).filter(([, value]) => value !== "");
}

function resultFacts(exchange) {
    const facts = [];

    if (exchange.method) {
        facts.push(["request", `${exchange.method} ${exchange.target ?? ""}`.trim()]);
    }
    if (exchange.client) {
        facts.push(["client", exchange.client]);
    }
    if (exchange.error_word) {
        facts.push(["answer", `made by the proxy: ${exchange.error_word}`]);
    } else if (exchange.status) {
        facts.push(["answer", "the upstream's"]);
    }
    return facts.concat(timeFacts(exchange));
}

function connectionWords(attempt) {
    if (attempt.reused === undefined && attempt.tls === undefined) {
        return "";
    }
    return `${attempt.reused ? "reused" : "new"}${attempt.tls ? ", TLS" : ""}`;
}

function timeFacts(value) {
    const facts = [];
    const known = value.begun_ns !== undefined && value.ended_ns !== undefined;

    if (known) {
        facts.push(["began", moment(value.begun_ns)]);
    }
    if (known || value.duration_ns !== undefined) {
        facts.push(["took", duration(known ? value.ended_ns - value.begun_ns : value.duration_ns)]);
    }
    return facts;
}

function amount(bytes) {
    return bytes === undefined ? "" : size(bytes);
}

function factList(facts) {
    return h("dl", {class: "facts"},
        ...facts.map(([name, value]) => h("div", {class: "fact"}, h("dt", {text: name}), h("dd", {text: value}))));
}

function times(count, one, many) {
    return `${count} ${count === 1 ? one : many}`;
}
