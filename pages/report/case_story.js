/**
 * What happened in a case, in sentences that need no knowledge of the proxy.
 */
import {count, duration, size, stageMeaning} from "retryproof/parts/words";

/**
 * @param {import("retryproof/report/recording").Recording} recording
 * @returns {string[]}
 */
export function caseStory(recording) {
    return recording.exchanges.flatMap((exchange, index) => exchangeStory(exchange, index, recording));
}

function exchangeStory(exchange, index, recording) {
    const who = !exchange.client || exchange.client === "client" ? "The client" : `Client ${exchange.client}`;
    const attempts = exchange.attempts ?? [];
    const sentences = [`${who} ${index > 0 ? "then " : ""}asked for ${exchange.method ?? "?"} ${exchange.target ?? ""}`.trim() + "."];

    if (attempts.length === 0) {
        sentences.push("No upstream was asked.");
    }
    attempts.forEach((attempt, at) => sentences.push(attemptStory(attempt, at + 1 < attempts.length)));
    sentences.push(resultStory(exchange, recording));
    return sentences;
}

function attemptStory(attempt, another) {
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
    if (attempt.retried || attempt.decision) {
        const again = attempt.retried ?? another;

        sentences.push(`${again ? "It was tried again" : "It was not tried again"}` +
            `${attempt.backoff_ns ? ` after ${duration(attempt.backoff_ns)}` : ""}${attempt.decision ? `: ${attempt.decision}` : ""}.`);
    }
    return sentences.join(" ");
}

function resultStory(exchange, recording) {
    const seconds = exchange.ended_ns !== undefined && exchange.begun_ns !== undefined ?
        `, ${exchange.ended_ns > exchange.begun_ns ? `${duration(exchange.ended_ns - exchange.begun_ns)} after it had asked` : "at once"}${recording.virtualTime ? " (virtual time)" : ""}` : "";

    if (!exchange.status) {
        return `It got no answer${exchange.cause ? ` (${exchange.cause})` : ""}${seconds}.`;
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
