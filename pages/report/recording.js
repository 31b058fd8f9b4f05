/**
 * A recording (docs/result.schema.json, $defs/recording) as the timeline and the wire log want it: every event is a numbered
 * step that knows where it goes from, where to, and its bytes.
 *
 * @typedef {object} Lane
 * @property {string} name
 * @property {"client"|"proxy"|"upstream"} role
 *
 * @typedef {object} Step one line of the wire log, one row of the timeline
 * @property {number} number from 1
 * @property {number} atNs
 * @property {string} what dial, open, refused, bytes, fin, rst, decision, fault, note
 * @property {object|null} connection
 * @property {"up"|"down"} way
 * @property {"TX"|"RX"|""} sign as the proxy sees it; empty where nothing is sent
 * @property {number} from index of a lane
 * @property {number} to the same lane where it does not go anywhere
 * @property {number} size
 * @property {string|null} bytes as characters U+0000 to U+00FF; null: they were not kept
 * @property {string} title in a few words
 *
 * @typedef {object} Recording
 * @property {Lane[]} lanes
 * @property {object[]} connections
 * @property {Step[]} steps
 * @property {object[]} exchanges
 * @property {object[]} attempts of all exchanges, each with the lane of its upstream, or -1
 * @property {object[]} expectations
 * @property {boolean} virtualTime
 * @property {boolean} fromProxy
 * @property {number} eventsLost
 * @property {number} endNs of the last thing that happened
 */
import {size} from "retryproof/parts/words";
import {startLine} from "retryproof/report/byte_text";
import {recordsWithin, tlsRecords} from "retryproof/report/tls_records";

/**
 * @param {object} raw as it stands in a result
 * @returns {Recording}
 */
export function readRecording(raw) {
    const lanes = raw.lanes ?? [];
    const connections = (raw.connections ?? []).map(readConnection);
    const events = raw.events ?? [];
    const exchanges = raw.exchanges ?? [];
    const steps = events.map((event, index) => readStep(event, index + 1, lanes, connections));
    const attempts = exchanges.flatMap((exchange, index) =>
        (exchange.attempts ?? []).map((attempt) => ({...attempt, exchange: index, lane: laneOfAttempt(attempt, lanes, connections)})));

    return {
        lanes, connections, steps, exchanges, attempts,
        expectations: raw.expectations ?? [],
        virtualTime: Boolean(raw.virtual_time),
        fromProxy: Boolean(raw.from_proxy),
        eventsLost: raw.events_lost ?? 0,
        endNs: Math.max(0, ...steps.map((step) => step.atNs), ...attempts.map((attempt) => attempt.ended_ns ?? 0)),
    };
}

/** "client → proxy"; of what does not go anywhere, the lane's name. */
export function routeOf(step, lanes) {
    const from = lanes[step.from]?.name ?? "";
    const to = lanes[step.to]?.name ?? "";

    return step.from === step.to ? from : `${from} → ${to}`;
}

/* ---- connections ------------------------------------------------------------------------------------ */

function readConnection(raw, index) {
    const streams = {up: readStream(raw.streams?.up), down: readStream(raw.streams?.down)};
    const records = raw.tls ? {up: tlsRecords(streams.up.data), down: tlsRecords(streams.down.data)} : null;

    return {...raw, index, streams, records};
}

function readStream(raw) {
    return {data: raw?.data ?? "", total: raw?.total ?? 0, plain: raw?.plain ?? "", plainTotal: raw?.plain_total ?? 0};
}

function laneOfAttempt(attempt, lanes, connections) {
    const connection = connections[attempt.connection];

    return connection ? connection.lane : lanes.findIndex((lane) => lane.role === "upstream" && lane.name === attempt.upstream);
}

/* ---- steps ------------------------------------------------------------------------------------------- */

function readStep(event, number, lanes, connections) {
    const connection = connections[event.connection] ?? null;
    const step = {
        number, connection,
        atNs: event.at_ns ?? 0,
        what: event.what,
        way: event.way ?? "up",
        text: event.text ?? "",
        offset: event.offset ?? 0,
        size: event.size ?? 0,
        bytes: null,
    };

    Object.assign(step, lanesOfStep(step, lanes));
    step.sign = signOf(step, lanes);
    if (step.what === "bytes" && connection) {
        step.bytes = bytesOf(step, connection);
    }
    step.title = titleOf(step, lanes);
    return step;
}

/* "up" leads from a client to the proxy and from the proxy to an upstream; "down" the other way. */
function lanesOfStep(step, lanes) {
    const proxy = Math.max(0, lanes.findIndex((lane) => lane.role === "proxy"));
    const other = step.connection ? step.connection.lane : proxy;
    const isClient = lanes[other]?.role === "client";
    const fromOther = isClient === (step.way === "up");

    if (step.what === "decision" || step.what === "note") {
        return {from: proxy, to: proxy};
    }
    if (step.what === "fault") {
        const named = lanes.findIndex((lane) => step.text.startsWith(`${lane.name}:`) || step.text.startsWith(`${lane.name}#`));
        const lane = step.connection || named < 0 ? other : named;

        return {from: lane, to: lane};
    }
    return fromOther ? {from: other, to: proxy} : {from: proxy, to: other};
}

function signOf(step, lanes) {
    if (step.from === step.to) {
        return "";
    }
    return lanes[step.from]?.role === "proxy" ? "TX" : "RX";
}

/** What was kept of a step's bytes; null where nothing was. */
function bytesOf(step, connection) {
    const data = connection.streams[step.way].data;

    return step.offset < data.length ? data.slice(step.offset, step.offset + step.size) : null;
}

function titleOf(step, lanes) {
    const from = lanes[step.from]?.name ?? "";
    const to = lanes[step.to]?.name ?? "";

    switch (step.what) {
    case "dial":
        return `${from} dials ${to}`;
    case "open":
        return "connected";
    case "refused":
        return step.text ? `not connected: ${step.text}` : "not connected";
    case "fin":
        return `FIN: ${from} sends no more`;
    case "rst":
        return `RST: ${from} resets the connection`;
    case "bytes":
        return bytesTitle(step);
    default:
        return step.text;
    }
}

function bytesTitle(step) {
    const records = step.connection?.records?.[step.way];

    if (records) {
        const names = recordsWithin(records, step.offset, step.size).map((record) => record.name);

        return names.length > 0 ? `TLS: ${[...new Set(names)].join(", ")}` : "TLS, continued";
    }
    return startLine(step.bytes ?? "") || (step.bytes === null ? "bytes that were not kept" : "more bytes");
}

/** "POST /pay HTTP/1.1, 66 bytes" */
export function stepWords(step) {
    return step.what === "bytes" ? `${step.title}, ${size(step.size)}` : step.title;
}
