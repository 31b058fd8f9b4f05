/**
 * What happened in a case, in sentences that need no knowledge of the proxy.
 */
import {count, duration, size, stageMeaning} from "retryproof/parts/words";

const ALERT_RECORD_BYTES = 5 + 2 + 1 + 16;

/**
 * @param {import("retryproof/report/recording").Recording} recording
 * @param {import("./cases").Entry} entry
 * @returns {string[]}
 */
export function caseStory(recording, entry) {
    return recording.exchanges.flatMap((exchange, index) => exchangeStory(exchange, index, {recording, entry}));
}

/**
 * The proxy sent an answer that its client did not read: the witness at the client saw none. Of several requests the case
 * does not say which one it was.
 */
export function neverRead({exchanges}, entry) {
    return exchanges.length === 1 && Boolean(exchanges[0].status) && /^(none|closed)/.test(entry.client ?? "");
}

function exchangeStory(exchange, index, {recording, entry}) {
    const who = !exchange.client || exchange.client === "client" ? "The client" : `Client ${exchange.client}`;
    const attempts = exchange.attempts ?? [];
    const sentences = [`${who} ${index > 0 ? "then " : ""}asked for ${exchange.method ?? "?"} ${exchange.target ?? ""}`.trim() + "."];

    if (attempts.length === 0) {
        sentences.push("No upstream was asked.");
    }
    attempts.forEach((attempt, at) => sentences.push(attemptStory(attempt, at + 1 < attempts.length, recording)));
    sentences.push(resultStory(exchange, recording, entry));
    return sentences;
}

function attemptStory(attempt, another, recording) {
    const where = `Attempt ${attempt.number ?? "?"} went to ${attempt.upstream ?? "an upstream"}${attempt.reused ? ", on a connection that had served before" : ""}`;
    const moved = attempt.tx || attempt.rx ? `: ${size(attempt.tx ?? 0)} sent, ${size(attempt.rx ?? 0)} received` : ": not a byte was sent";
    const sentences = [];

    if (attempt.stage || attempt.cause) {
        const meaning = stageMeaning(attempt.stage);

        sentences.push(`${where}${moved}. It failed at ${attempt.stage ?? "a stage that is not known"}${meaning ? ` (${meaning})` : ""}: ` +
            `${attempt.cause ?? "nobody knows of what"}${attempt.detail ? `, ${attempt.detail}` : ""}.`);
    } else {
        sentences.push(`${where}${moved}${attempt.status ? `. It answered ${attempt.status}` : ""}.`);
    }
    sentences.push(...endStory(attempt, recording));
    if (attempt.retried || attempt.decision) {
        const again = attempt.retried ?? another;

        sentences.push(`${again ? "It was tried again" : "It was not tried again"}` +
            `${attempt.backoff_ns ? ` after ${duration(attempt.backoff_ns)}` : ""}${attempt.decision ? `: ${attempt.decision}` : ""}.`);
    }
    return sentences.join(" ");
}

const ENDS = {closes: "closed the connection", resets: "reset the connection", "falls silent": "fell silent"};

/* How the upstream ended its connection: in the words of its script, or as the wire shows it. A FIN behind a whole answer is how
   a kept connection ends, and says nothing. */
function endStory(attempt, {steps, connections}) {
    const own = attempt.connection === undefined ? [] : steps.filter((step) => step.connection === connections[attempt.connection] && step.way === "down");
    const failed = Boolean(attempt.stage || attempt.cause);
    const fault = own.find((step) => step.what === "fault" && step.text.startsWith(`${attempt.upstream} `));
    const end = own.find((step) => step.what === "rst" || (step.what === "fin" && failed));

    if (fault !== undefined) {
        const words = fault.text.slice(attempt.upstream.length + 1);

        return [`On the wire ${attempt.upstream} ${ENDS[words] ?? words}${words === "closes" && saidNoGoodbye(fault.connection) ? " without a close_notify" : ""}.`];
    }
    return end === undefined || end.atNs > (attempt.ended_ns ?? Infinity) ? [] :
        [`On the wire ${attempt.upstream ?? "it"} ${end.what === "rst" ? ENDS.resets : ENDS.closes}.`];
}

/* Under TLS 1.3 an alert looks like application data of its size (RFC 8446 5.2): two bytes, its type and a tag. What may be one
   is taken for one, and what was not kept may be one. */
function saidNoGoodbye({records, streams: {down}}) {
    const last = records?.down[records.down.length - 1];
    const mayBeAlert = last?.name === "alert" || (last?.name === "application data" && last.size === ALERT_RECORD_BYTES);

    return Boolean(records) && down.total === down.data.length && !mayBeAlert;
}

function resultStory(exchange, recording, entry) {
    const seconds = exchange.ended_ns !== undefined && exchange.begun_ns !== undefined ?
        `, ${exchange.ended_ns > exchange.begun_ns ? `${duration(exchange.ended_ns - exchange.begun_ns)} after it had asked` : "at once"}${recording.virtualTime ? " (virtual time)" : ""}` : "";

    if (!exchange.status) {
        return `It got no answer${exchange.cause ? ` (${exchange.cause})` : ""}${seconds}.`;
    }
    if (neverRead(recording, entry)) {
        return `The proxy sent ${exchange.status}, which the client did not read${seconds}.`;
    }
    if (exchange.error_word) {
        return `It got ${exchange.status}, made by the proxy (${exchange.error_word})${seconds}.`;
    }
    return `It got the upstream's ${exchange.status}${exchange.cause ? `, which broke off (${exchange.cause})` : ""}${seconds}.`;
}

/** Whether what is expected came about, in a sentence. */
export function verdictStory(recording) {
    const broken = recording.expectations.filter((one) => !one.holds);

    if (recording.expectations.length === 0) {
        return "";
    }
    return broken.length === 0 ? `All ${count(recording.expectations.length, "expectation")} hold.` :
        `${broken.length} of ${count(recording.expectations.length, "expectation")} ${broken.length === 1 ? "does" : "do"} not hold.`;
}
