/**
 * The wire log: all that happened on the wire and what the proxy decided, a numbered line each. It says in text whatever the
 * timeline draws.
 */
import {clear, h} from "retryproof/parts/dom";
import {count, duration, moment, size} from "retryproof/parts/words";
import {hexText, readableNodes} from "retryproof/report/byte_text";
import {scrollWithin} from "retryproof/report/marks";
import {routeOf} from "retryproof/report/recording";

const FOLD_BYTES = 640; /* what is longer is a body that nobody reads at first */
const HEX_WIDTH = 16;
const HEX_WIDTH_NARROW = 8;
const PLAIN_OPEN_MAX = 3; /* more are a long way to scroll */
const NARROW_PIXELS = 620; /* below it sixteen bytes do not fit */

const GLYPHS = {dial: "⇢", open: "●", refused: "✗", bytes: "→", fin: "⊣", rst: "✗", decision: "◆", fault: "⚡", note: "·"};

/**
 * @param {import("retryproof/report/recording").Recording} recording
 * @param {ReturnType<typeof import("retryproof/report/marks").createMarks>} marks
 * @returns {HTMLElement}
 */
export function wireLog(recording, marks) {
    const state = {hex: false, connection: ""};
    const said = h("p", {class: "wire-count", role: "status"});
    const list = h("ol", {class: "wire-list"});
    const scroller = h("div", {class: "wire-scroller", tabindex: "0", role: "region", "aria-label": "Lines of the wire log"}, list);
    const show = () => {
        const steps = recording.steps.filter((step) => isShown(step, state.connection));

        clear(list).append(...steps.map((step) => wireLine(step, recording, {...state, narrow: scroller.clientWidth < NARROW_PIXELS}, marks)));
        said.textContent = countWords(steps.length, recording);
    };

    marks.listen((number, source) => markLine(list, scroller, number, source));
    requestAnimationFrame(show);
    return h("div", {class: "wire-log"}, wireTools(recording, state, show), said, scroller, plainStreams(recording));
}

/* ---- what is shown ---------------------------------------------------------------------------------- */

/** Of one connection: its own lines, and what is of none. */
function isShown(step, connection) {
    return connection === "" || step.connection === null || step.connection.name === connection;
}

function countWords(shown, recording) {
    const lost = recording.eventsLost > 0 ? ` ${count(recording.eventsLost, "more event")} happened and ${recording.eventsLost === 1 ? "was" : "were"} not kept.` : "";

    return `${count(shown, "line")} of ${recording.steps.length}.${lost}`;
}

function wireTools(recording, state, show) {
    const select = h("select", {on: {change: () => {
        state.connection = select.value;
        show();
    }}}, h("option", {value: "", text: "all connections"}),
    ...recording.connections.map((connection) =>
        h("option", {value: connection.name, text: `${connection.name}${connection.tls ? ", TLS" : ""}`})));

    return h("div", {class: "tools"},
        choiceButtons("Bytes", [["Readable", false], ["Hex", true]], state.hex, (value) => {
            state.hex = value;
            show();
        }),
        h("label", {class: "tool"}, h("span", {text: "Connection"}), select));
}

/**
 * Buttons of which one is pressed.
 *
 * @param {string} label
 * @param {[string, any][]} choices
 * @param {any} chosen
 * @param {(value: any) => void} choose
 */
export function choiceButtons(label, choices, chosen, choose) {
    const buttons = choices.map(([text, value]) => h("button", {
        type: "button", class: "button choice", "aria-pressed": String(value === chosen),
        on: {click: () => {
            buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.textContent === text)));
            choose(value);
        }},
    }, text));

    return h("div", {class: "choices", role: "group", "aria-label": label}, ...buttons);
}

/* ---- a line ------------------------------------------------------------------------------------------ */

function wireLine(step, recording, state, marks) {
    const line = h("li", {class: "wire-line", data: {step: step.number, what: step.what, sign: step.sign || "none"}},
        h("div", {class: "wire-head"},
            h("button", {type: "button", class: "wire-number", "aria-label": `Line ${step.number}, show it in the timeline`,
                on: {click: () => marks.mark(step.number, "wire-click")}}, String(step.number)),
            h("span", {class: "wire-time", text: moment(step.atNs)}),
            h("span", {class: "wire-sign"}, signWords(step)),
            h("span", {class: "wire-connection", text: step.connection?.name ?? ""}),
            h("span", {class: "wire-title"}, ...titleNodes(step, recording))),
        step.what === "bytes" ? byteBlock(step, state) : null);

    line.addEventListener("mouseenter", () => marks.mark(step.number, "wire"));
    line.addEventListener("focusin", () => marks.mark(step.number, "wire"));
    return line;
}

function signWords(step) {
    const glyph = step.what === "bytes" ? (step.sign === "TX" ? "→" : "←") : GLYPHS[step.what] ?? "·";

    return [h("span", {class: "wire-glyph", "aria-hidden": "true", text: glyph}), " ", step.what === "bytes" ? step.sign : step.what];
}

function titleNodes(step, recording) {
    if (step.what !== "bytes") {
        return [step.title];
    }
    const route = h("span", {class: "wire-route", text: routeOf(step, recording.lanes)});

    return [route, ` · ${size(step.size)}`];
}

function byteBlock(step, state) {
    if (step.bytes === null) {
        return step.size > 0 ? h("p", {class: "wire-absent", text: "These bytes were not kept: only the first 8 KiB of each direction are."}) : null;
    }
    const body = h("div", {class: "wire-body"});
    const showAll = () => clear(body).append(...byteNodes(step, step.bytes, state));

    if (step.bytes.length <= FOLD_BYTES) {
        showAll();
        return body;
    }
    body.append(...byteNodes(step, step.bytes.slice(0, FOLD_BYTES), {...state, cut: true}),
        h("button", {type: "button", class: "button fold", on: {click: showAll}}, `Show all ${size(step.bytes.length)}`));
    return body;
}

function byteNodes(step, bytes, state) {
    const missing = step.size - step.bytes.length;
    const encrypted = Boolean(step.connection?.tls) && !state.hex;
    const nodes = [];

    if (encrypted) {
        return [recordList(step)];
    }
    nodes.push(state.hex ?
        h("pre", {class: "wire-bytes hex", text: hexText(bytes, step.offset, state.narrow ? HEX_WIDTH_NARROW : HEX_WIDTH)}) :
        h("pre", {class: "wire-bytes"}, ...readableNodes(bytes)));
    if (missing > 0 && !state.cut) {
        nodes.push(h("p", {class: "wire-absent", text: `${size(missing)} more were not kept.`}));
    }
    return nodes;
}

/** Ciphertext says nothing to a reader; its records do. */
function recordList(step) {
    const records = step.connection.records[step.way].filter((record) =>
        record.offset + record.size > step.offset && record.offset < step.offset + step.size);

    return h("ul", {class: "record-list"}, ...records.map((record) =>
        h("li", {}, record.name, h("span", {class: "soft small", text: ` ${size(record.size)}${record.offset < step.offset ? ", goes on" : ""}`}))));
}

/* ---- marks ------------------------------------------------------------------------------------------- */

function markLine(list, scroller, number, source) {
    for (const line of list.querySelectorAll(".marked")) {
        line.classList.remove("marked");
    }
    const line = number === null ? null : list.querySelector(`[data-step="${number}"]`);

    if (line) {
        line.classList.add("marked");
        if (source === "timeline") {
            scrollWithin(scroller, line);
        }
    }
}

/* ---- what was inside TLS ------------------------------------------------------------------------------ */

function plainStreams(recording) {
    const encrypted = recording.connections.filter((connection) => connection.tls);

    return encrypted.length === 0 ? null : h("div", {class: "plain-streams"},
        h("h3", {text: "Inside TLS"}),
        h("p", {class: "soft small", text: "The lines above are what was on the wire. This is what the actor at the connection's end handed to TLS, or got from it, beside the records that carried it."}),
        ...encrypted.map((connection) => plainConnection(connection, recording)));
}

function plainConnection(connection, recording) {
    const lane = recording.lanes[connection.lane];
    const sent = lane?.role === "client" ? "up" : "down";

    return h("details", {class: "plain-connection", open: recording.connections.filter((one) => one.tls).length <= PLAIN_OPEN_MAX},
        h("summary", {text: `${connection.name}: plaintext and records`}),
        ...["up", "down"].map((way) => plainStream(connection, way, `${lane?.name ?? "it"} ${way === sent ? "sent" : "got"}`, recording)));
}

function plainStream(connection, way, words, recording) {
    const stream = connection.streams[way];
    const absent = stream.plainTotal - stream.plain.length;
    const times = recording.steps.filter((step) => step.what === "bytes" && step.connection === connection && step.way === way);
    const last = times[times.length - 1];

    return h("div", {class: "plain-pair"},
        h("div", {},
            h("h4", {text: `${words} ${size(stream.plainTotal)}`}),
            stream.plain === "" ? h("p", {class: "soft small", text: "No plaintext."}) : h("pre", {class: "wire-bytes", tabindex: "0", "aria-label": `Plaintext that ${words}`}, ...readableNodes(stream.plain)),
            absent > 0 ? h("p", {class: "wire-absent", text: `${size(absent)} more were not kept.`}) : null),
        h("div", {},
            h("h4", {text: `on the wire ${size(stream.total)}${last ? `, in ${duration(last.atNs - times[0].atNs)}` : ""}`}),
            h("ul", {class: "record-list"}, ...connection.records[way].map((record) =>
                h("li", {}, record.name, h("span", {class: "soft small", text: ` ${size(record.size)}`}))))));
}
