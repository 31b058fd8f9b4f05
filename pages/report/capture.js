/**
 * A recorded case as a capture that Wireshark and others read, byte for byte what `--report pcapng` writes of it
 * (reports/pcapng/pcapng.c tells what is filled in that no program sees). It is made here, when somebody asks for it: captures of
 * all cases would weigh more than the rest of the page.
 */
import {bytesOfCharacters} from "retryproof/parts/data";
import {concatenate, packetBlock, secretsBlock, sectionBlocks} from "retryproof/report/capture_blocks";
import {parseAddress, TCP, tcpHead} from "retryproof/report/tcp_head";

const EVENT_BYTES_MAX = 16 * 1024 * 1024; // far above what one read or write moves
const SEGMENT_BYTES_MAX = 32 * 1024; // of payload, about as loopback carries them
const PORT_CLIENT = 40000; // and those above it, where a recording does not know
const PORT_SERVER = 80;
const COMMENTS_MAX = 16; // beside one packet; nobody reads more there
const SEQUENCE_STEP = 16777216; // between the first numbers of connections
const REFUSED = "Connection refused"; // as strerror() has it
const NAME_CHARACTERS_MAX = 128;
const NOTHING = new Uint8Array(0);

/**
 * @param {object} recording as a result holds it (docs/result.schema.json, $defs/recording)
 * @param {{id: string, name: string, verdict: string}} entry
 * @param {{version: string, started_unix: number}} run
 * @returns {Uint8Array} a pcapng file
 */
export function captureOf(recording, entry, run) {
    const capture = {
        recording,
        beganNs: BigInt(run.started_unix) * 1000000000n,
        atNs: 0n, // since 1970, of the event under way
        talks: recording.connections.map(beginTalk),
        blocks: [sectionBlocks(`retryproof ${run.version}`)],
        comments: [], // for the next packet
        held: null, // the last packet, kept back because a comment may still belong to it
    };

    recording.connections.filter((connection) => connection.secrets).forEach((connection) => capture.blocks.push(secretsBlock(connection.secrets)));
    comment(capture, `${entry.id}: ${entry.name} (${entry.verdict})`);
    if (recording.events_lost > 0) {
        comment(capture, "more happened than was recorded: bytes are missing here");
    }
    recording.events.forEach((event) => putEvent(capture, event));
    endPackets(capture);
    return concatenate(capture.blocks);
}

/** The name that `--report pcapng=DIR` gives it: ids that look alike without what a file cannot be called by are told apart by their hash. */
export function captureName(entry) {
    const plain = entry.id.replace(/[^A-Za-z0-9_.]+/g, "-").replace(/^-/, "");
    const name = plain.slice(0, NAME_CHARACTERS_MAX).replace(/-+$/, "");
    const hash = hashOf(entry.id).toString(16).padStart(8, "0");

    return `${name}-${hash}@${entry.world}.pcapng`;
}

/* FNV-1a. */
function hashOf(text) {
    return new TextEncoder().encode(text).reduce((hash, byte) => Math.imul(hash ^ byte, 16777619) >>> 0, 2166136261);
}

/* ---- connections ---------------------------------------------------------------------------------------- */

/* An address that is not known is made up, of the family of the other side. */
function beginTalk(connection, index) {
    const client = parseAddress(connection.client_address);
    const server = parseAddress(connection.server_address) ?? {bytes: client?.bytes ?? Uint8Array.of(127, 0, 0, 1), port: PORT_SERVER};
    const dialler = client?.bytes.length === server.bytes.length ? client : {bytes: server.bytes, port: PORT_CLIENT + (index % (65535 - PORT_CLIENT))};

    return {
        streams: {up: bytesOfCharacters(connection.streams.up.data), down: bytesOfCharacters(connection.streams.down.data)},
        up: beginSpeaker(dialler, 2 * index + 1),
        down: beginSpeaker(server, 2 * index + 2),
        asked: false,
        opened: false,
    };
}

/* One side of a connection; first is the number of its SYN, next that of what it sends next. */
function beginSpeaker(address, step) {
    const first = (step * SEQUENCE_STEP) >>> 0;
    return {address, first, next: first, finished: false};
}

function other(way) {
    return way === "up" ? "down" : "up";
}

/* ---- comments ------------------------------------------------------------------------------------------- */

function comment(capture, text) {
    if (capture.comments.length < COMMENTS_MAX) {
        capture.comments.push(text);
    }
}

function commentOnAttempts(capture, event) {
    for (const exchange of capture.recording.exchanges) {
        for (const attempt of exchange.attempts) {
            if (attempt.connection === event.connection && attemptBeginning(capture.recording, attempt) === event) {
                comment(capture, attemptText(exchange, attempt));
            }
        }
    }
}

/* An attempt begins with the first that happens on its connection; on one that was used before, with its first bytes. */
function attemptBeginning(recording, attempt) {
    return recording.events.find((event) => event.connection === attempt.connection && event.at_ns >= attempt.begun_ns &&
        (attempt.reused ? event.what === "bytes" && event.way === "up" : event.what === "dial"));
}

function attemptText(exchange, attempt) {
    return [
        `${exchange.method} ${exchange.target}: attempt ${attempt.number} at ${attempt.upstream}`,
        attempt.reused ? ", on a connection used before" : "",
        attempt.stage ? `, fails at ${attempt.stage}` : "",
        attempt.cause ? `: ${attempt.cause}` : "",
        attempt.decision ? `; ${attempt.decision}` : "",
    ].join("");
}

/* ---- packets -------------------------------------------------------------------------------------------- */

function releaseHeld(capture) {
    if (capture.held !== null) {
        capture.blocks.push(packetBlock(capture.held));
    }
    capture.held = null;
}

/* What was said behind the last packet is about that one. */
function endPackets(capture) {
    if (capture.held !== null) {
        capture.held.comments = [...capture.held.comments, ...capture.comments].slice(0, COMMENTS_MAX);
    }
    releaseHeld(capture);
}

function putSegment(capture, talk, {way, flags, data = NOTHING, missing = 0}) {
    const from = talk[way];
    const to = talk[other(way)];

    releaseHeld(capture);
    capture.held = {
        atNs: capture.atNs,
        head: tcpHead({from: from.address, to: to.address, sequence: from.next, acknowledged: to.next, flags, data, missing}),
        data,
        missing,
        comments: capture.comments,
    };
    capture.comments = [];
    from.next = (from.next + data.length + missing + (flags & (TCP.syn | TCP.fin) ? 1 : 0)) >>> 0;
}

function ask(capture, talk) {
    if (!talk.asked) {
        putSegment(capture, talk, {way: "up", flags: TCP.syn});
    }
    talk.asked = true;
}

function open(capture, talk) {
    ask(capture, talk);
    if (!talk.opened) {
        putSegment(capture, talk, {way: "down", flags: TCP.syn | TCP.ack});
        putSegment(capture, talk, {way: "up", flags: TCP.ack});
    }
    talk.opened = true;
}

/* A refusal is a packet only where it came as one; what was never answered shows by that. */
function refuse(capture, talk, event) {
    ask(capture, talk);
    if (event.text) {
        comment(capture, event.text);
    }
    if (event.text === REFUSED) {
        putSegment(capture, talk, {way: "down", flags: TCP.rst | TCP.ack});
    }
}

function putBytes(capture, talk, {way, offset, size}) {
    const stream = talk.streams[way];
    const from = talk[way];
    const end = offset + Math.min(size, EVENT_BYTES_MAX);

    open(capture, talk);
    from.next = (from.first + 1 + offset) >>> 0;
    for (let at = offset; at < end; ) {
        const part = Math.min(end - at, SEGMENT_BYTES_MAX);
        const data = stream.subarray(at, at + part);

        putSegment(capture, talk, {way, flags: TCP.ack | TCP.psh, data, missing: part - data.length});
        at += part;
    }
    from.next = (from.first + 1 + offset + size) >>> 0;
}

function finish(capture, talk, way) {
    open(capture, talk);
    if (talk[way].finished) {
        return;
    }
    putSegment(capture, talk, {way, flags: TCP.fin | TCP.ack});
    talk[way].finished = true;
    putSegment(capture, talk, {way: other(way), flags: TCP.ack});
}

function reset(capture, talk, way) {
    ask(capture, talk);
    if (talk.up.finished && talk.down.finished) {
        return;
    }
    putSegment(capture, talk, {way, flags: TCP.rst | TCP.ack});
    talk.up.finished = talk.down.finished = true;
}

function putEvent(capture, event) {
    const talk = capture.talks[event.connection];
    const acts = {
        dial: () => ask(capture, talk),
        open: () => open(capture, talk),
        refused: () => refuse(capture, talk, event),
        bytes: () => putBytes(capture, talk, event),
        fin: () => finish(capture, talk, event.way),
        rst: () => reset(capture, talk, event.way),
    };

    capture.atNs = capture.beganNs + BigInt(event.at_ns);
    if (talk === undefined || acts[event.what] === undefined) {
        if (event.text) {
            comment(capture, event.text);
        }
        return;
    }
    commentOnAttempts(capture, event);
    acts[event.what]();
}
