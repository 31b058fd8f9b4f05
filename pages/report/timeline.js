/**
 * The lanes timeline: who sent what to whom, and when. Lanes are the client, the proxy and each upstream; time goes down.
 * The wire log below says the same in text.
 */
import {clear, h, svg} from "retryproof/parts/dom";
import {duration, moment, size} from "retryproof/parts/words";
import {attemptOutcome} from "retryproof/parts/attempt_card";
import {scrollWithin} from "retryproof/report/marks";
import {stepWords} from "retryproof/report/recording";
import {GUTTER_PIXELS, layoutTimeline} from "retryproof/report/timeline_layout";
import {choiceButtons} from "retryproof/report/wire_log";

const ZOOM_STEP = 1.4;
const ZOOM_MIN = 0.5;
const ZOOM_MAX = 90; /* a millisecond of a minute can be told apart */
const CHARACTER_PIXELS = 6.7; /* of the labels' font */
const LABEL_PIXELS = 13; /* labels that are closer hide each other */
const LABEL_CHARACTERS_CUT = 18; /* with fewer nothing would be left of the words */
const BAND_PIXELS = 14;

/**
 * @param {import("retryproof/report/recording").Recording} recording
 * @param {ReturnType<typeof import("retryproof/report/marks").createMarks>} marks
 * @returns {HTMLElement}
 */
export function timeline(recording, marks) {
    const view = {width: 0, zoom: 1, linear: false, decisions: true};
    const heads = h("div", {class: "timeline-heads", "aria-hidden": "true"});
    const canvas = h("div", {class: "timeline-canvas"}, heads);
    const scroller = h("div", {class: "timeline-scroller", tabindex: "0", role: "region",
        "aria-label": "Timeline. Arrow keys move, plus and minus zoom, 0 shows all, n and p go to the next and previous event."}, canvas);
    const zoomed = h("output", {class: "zoom-said", "aria-live": "polite", text: "100 %"});
    const draw = () => {
        const layout = layoutTimeline(recording, view);

        fillHeads(heads, recording, layout);
        clear(canvas).append(heads, drawTimeline(recording, layout, marks));
        zoomed.textContent = `${Math.round(view.zoom * 100)} %`;
    };
    const zoomTo = (zoom, y = scroller.clientHeight / 2) => {
        const part = (scroller.scrollTop + y) / scroller.scrollHeight;

        view.zoom = Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, zoom));
        draw();
        scroller.scrollTop = part * scroller.scrollHeight - y;
    };

    drawWhenSized(scroller, view, draw);
    listenToKeys(scroller, view, zoomTo, marks, recording);
    marks.listen((number, source) => markStep(canvas, scroller, number, source));
    return h("div", {class: "timeline"}, timelineTools(recording, view, draw, zoomTo, zoomed), scroller, legend());
}

/* ---- what can be done with it ------------------------------------------------------------------------- */

function timelineTools(recording, view, draw, zoomTo, zoomed) {
    const button = (text, label, onClick) => h("button", {type: "button", class: "button zoom", "aria-label": label, title: label, on: {click: onClick}}, text);
    const decisions = h("input", {type: "checkbox", checked: true, on: {change: () => {
        view.decisions = decisions.checked;
        draw();
    }}});

    return h("div", {class: "tools"},
        choiceButtons("Time", [["Order of events", false], ["True to time", true]], view.linear, (linear) => {
            view.linear = linear;
            zoomTo(1);
        }),
        h("div", {class: "choices", role: "group", "aria-label": "Zoom"},
            button("−", "Zoom out", () => zoomTo(view.zoom / ZOOM_STEP)),
            button("+", "Zoom in", () => zoomTo(view.zoom * ZOOM_STEP)),
            button("Fit", "Show all at 100 %", () => zoomTo(1))),
        zoomed,
        h("label", {class: "tool"}, decisions, h("span", {text: "Decisions"})),
        h("span", {class: "soft small", text: recording.virtualTime ? "virtual time: the simulation's clock" : "real time"}));
}

/* The width decides where lanes stand, so nothing is drawn before it is known; and not from within the observer, for a drawing
   that changes the width would call it again at once. */
function drawWhenSized(scroller, view, draw) {
    new ResizeObserver(() => requestAnimationFrame(() => {
        if (scroller.clientWidth !== view.width && scroller.clientWidth > 0) {
            view.width = scroller.clientWidth;
            draw();
        }
    })).observe(scroller);
}

function listenToKeys(scroller, view, zoomTo, marks, recording) {
    let marked = 0;
    const actions = {
        "+": () => zoomTo(view.zoom * ZOOM_STEP), "=": () => zoomTo(view.zoom * ZOOM_STEP),
        "-": () => zoomTo(view.zoom / ZOOM_STEP), "0": () => zoomTo(1),
        n: () => marks.mark(Math.min(marked + 1, recording.steps.length), "timeline-key"),
        p: () => marks.mark(Math.max(marked - 1, 1), "timeline-key"),
    };

    marks.listen((number) => (marked = number ?? marked));
    scroller.addEventListener("keydown", (event) => {
        if (event.key in actions && !event.ctrlKey && !event.metaKey && !event.altKey) {
            event.preventDefault();
            actions[event.key]();
        }
    });
    scroller.addEventListener("wheel", (event) => {
        if (event.ctrlKey) {
            event.preventDefault();
            zoomTo(view.zoom * (event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP), event.clientY - scroller.getBoundingClientRect().top);
        }
    }, {passive: false});
}

function markStep(canvas, scroller, number, source) {
    for (const step of canvas.querySelectorAll(".marked")) {
        step.classList.remove("marked");
    }
    const step = number === null ? null : canvas.querySelector(`[data-step="${number}"]`);

    if (!step) {
        return;
    }
    step.classList.add("marked");
    if (source !== "timeline") {
        scrollWithin(scroller, step);
    }
    if (source === "wire-click") {
        scroller.scrollIntoView({block: "nearest"});
    }
}

/* ---- drawing ------------------------------------------------------------------------------------------ */

function fillHeads(heads, recording, layout) {
    clear(heads).style.width = `${layout.width}px`;
    recording.lanes.forEach((lane, index) => {
        const head = h("span", {class: "lane-head", data: {role: lane.role}}, lane.name);

        head.style.left = `${layout.laneX(index)}px`;
        head.style.maxWidth = `${layout.gap - 4}px`;
        heads.append(head);
    });
}

function drawTimeline(recording, layout, marks) {
    const words = `${recording.steps.length} events between ${recording.lanes.map((lane) => lane.name).join(", ")}; the wire log tells them in text.`;

    return svg("svg", {class: "timeline-drawing", width: layout.width, height: layout.height, role: "img", "aria-label": words},
        svg("g", {class: "ticks"}, ...layout.ticks.map((tick) => drawTick(tick, layout))),
        svg("g", {class: "lanes"}, ...recording.lanes.map((lane, index) =>
            svg("line", {class: "lane", data: {role: lane.role}, x1: layout.laneX(index), x2: layout.laneX(index), y1: 0, y2: layout.height}))),
        svg("g", {class: "bands"}, ...recording.attempts.map((attempt) => drawBand(attempt, layout))),
        svg("g", {class: "rows"}, ...drawRows(recording, layout, marks)));
}

function drawTick(tick, layout) {
    return svg("g", {class: "tick"},
        svg("line", {x1: GUTTER_PIXELS - 6, x2: layout.width, y1: tick.y, y2: tick.y}),
        svg("text", {x: GUTTER_PIXELS - 10, y: tick.y + 4, "text-anchor": "end"}, moment(tick.atNs)));
}

function drawBand(attempt, layout) {
    const {begin, end} = attempt.rows ?? {};

    return begin === undefined || end === undefined ? null : svg("rect", {
        class: "band", data: {outcome: attemptOutcome(attempt).word},
        x: layout.laneX(attempt.lane) - BAND_PIXELS / 2, width: BAND_PIXELS, y: begin.y, height: Math.max(4, end.y - begin.y), rx: 4,
    });
}

/* A label that would stand on another one is left out; zoom shows it, and the wire log has it. */
function drawRows(recording, layout, marks) {
    const taken = [];
    const isFree = (y, from, to) => {
        const free = !taken.some((label) => y - label.y < LABEL_PIXELS && from < label.to && to > label.from);

        if (free) {
            taken.push({y, from, to});
            if (taken.length > 40) {
                taken.shift();
            }
        }
        return free;
    };

    return layout.rows.map((row) => {
        switch (row.kind) {
        case "gap":
            return drawGap(row, layout);
        case "step":
            return drawStep(row, recording, layout, marks, isFree);
        default:
            return drawChip(row, layout, isFree);
        }
    });
}

function drawGap(row, layout) {
    return svg("g", {class: "gap"},
        svg("line", {x1: GUTTER_PIXELS, x2: layout.width, y1: row.y, y2: row.y}),
        label(`${duration(row.gapNs)} pass`, {x: GUTTER_PIXELS + (layout.width - GUTTER_PIXELS) / 2, y: row.y + 4, anchor: "middle"}));
}

/* Begin and end of an attempt, on the lane of its upstream. */
function drawChip({kind, attempt, y}, layout, isFree) {
    const outcome = attemptOutcome(attempt);
    const end = kind === "end";
    const long = end ? [`${outcome.glyph} ${attempt.stage ?? outcome.text}`, attempt.cause].filter(Boolean).join(": ") : `attempt ${attempt.number ?? ""}`;
    const text = long.length * CHARACTER_PIXELS < layout.gap * 1.9 ? long : end ? `${outcome.glyph} ${attempt.stage ?? attempt.status ?? ""}` : `#${attempt.number ?? ""}`;
    const width = text.length * CHARACTER_PIXELS + 14;
    const beside = layout.linear ? BAND_PIXELS / 2 + width / 2 + 3 : 0; /* arrows may end at the very same moment */
    const x = Math.min(layout.laneX(attempt.lane) + beside, layout.width - width / 2 - 2);

    return !isFree(y, x - width / 2, x + width / 2) ? null : svg("g", {class: "chip", data: {outcome: end ? outcome.word : "begin"}},
        svg("title", {}, long),
        svg("rect", {x: x - width / 2, y: y - 10, width, height: 20, rx: 10}),
        svg("text", {x, y: y + 4, "text-anchor": "middle"}, text));
}

function drawStep(row, recording, layout, marks, isFree) {
    const {step, y} = row;
    const shape = step.from === step.to ? drawPoint(step, y, layout, isFree) : drawArrow(step, y, layout, isFree);
    const group = svg("g", {class: "step", data: {step: step.number, what: step.what}},
        svg("title", {}, `${step.number}  ${moment(step.atNs)}  ${step.connection?.name ?? ""}  ${stepWords(step)}`),
        svg("rect", {class: "hit", x: GUTTER_PIXELS, y: y - 11, width: layout.width - GUTTER_PIXELS, height: 22}),
        ...shape);

    group.addEventListener("mouseenter", () => marks.mark(step.number, "timeline"));
    group.addEventListener("click", () => marks.mark(step.number, "timeline"));
    return group;
}

/* ---- an arrow between two lanes ------------------------------------------------------------------------- */

function drawArrow(step, y, layout, isFree) {
    const from = layout.laneX(step.from);
    const to = layout.laneX(step.to);
    const way = Math.sign(to - from);
    const tip = to - way * 3;
    const room = Math.abs(to - from) - 14;
    const text = step.what === "open" ? "" : fitting(arrowTexts(step), room);
    const middle = (from + to) / 2;
    const half = text.length * CHARACTER_PIXELS / 2;

    return [
        text !== "" && isFree(y, middle - half, middle + half) ? label(text, {x: middle, y: y - 4, anchor: "middle"}) : null,
        svg("line", {class: "shaft", x1: from, x2: tip, y1: y, y2: y}),
        ...arrowEnd(step, tip, y, way),
    ];
}

/** Labels from the longest to the shortest. */
function arrowTexts(step) {
    switch (step.what) {
    case "bytes":
        return [`${brief(step.title)} · ${size(step.size)}`, `${brief(step.title)} · ${step.size} B`, size(step.size), String(step.size)];
    case "dial":
        return ["dial"];
    case "refused":
        return [step.title, "refused"];
    case "fin":
        return ["FIN"];
    case "rst":
        return ["RST"];
    default:
        return [step.title];
    }
}

/* That it is HTTP/1, or TLS, goes without saying: an arrow has little room. */
function brief(title) {
    return title.replace(/ HTTP\/\d\.\d$/, "").replace(/^HTTP\/\d\.\d |^TLS: /, "");
}

/* The longest that fits; where only a size would be left, a beginning of the words with it, if that still says something. */
function fitting(texts, room) {
    const characters = Math.floor(room / CHARACTER_PIXELS);
    const whole = texts.find((text) => text.length <= characters) ?? "";

    if (texts.indexOf(whole) < 2 || characters < LABEL_CHARACTERS_CUT) {
        return whole;
    }
    const [words, tail] = texts[1].split(/(?= · \d+ B$)/);

    return `${words.slice(0, characters - tail.length - 1)}…${tail}`;
}

function arrowEnd(step, x, y, way) {
    switch (step.what) {
    case "rst":
    case "refused":
        return [svg("path", {class: "head cross", d: `M${x - 5} ${y - 5}l10 10m0 -10l-10 10`})];
    case "fin":
        return [svg("path", {class: "head bar", d: `M${x} ${y - 7}v14M${x - way * 5} ${y - 5}l${way * 5} 5l${-way * 5} 5`})];
    case "open":
        return [svg("circle", {class: "head dot", cx: x - way * 2, cy: y, r: 4})];
    default:
        return [svg("path", {class: "head", d: `M${x - way * 8} ${y - 5}l${way * 8} 5l${-way * 8} 5z`})];
    }
}

/* ---- a mark on one lane --------------------------------------------------------------------------------- */

function drawPoint(step, y, layout, isFree) {
    const x = layout.laneX(step.from);
    const right = layout.width - x;
    const atRight = right >= x - GUTTER_PIXELS || step.what !== "fault";
    const room = (atRight ? right : x - GUTTER_PIXELS) - 18;
    const characters = Math.floor(room / CHARACTER_PIXELS);
    const text = step.title.length <= characters ? step.title : `${step.title.slice(0, Math.max(0, characters - 1))}…`;
    const from = atRight ? x : x - text.length * CHARACTER_PIXELS - 14;
    const free = isFree(y, from, from + text.length * CHARACTER_PIXELS + 14);

    return [
        pointMark(step, x, y),
        free ? label(text, {x: atRight ? x + 12 : x - 12, y: y + 4, anchor: atRight ? "start" : "end"}) : null,
    ];
}

function pointMark(step, x, y) {
    switch (step.what) {
    case "decision":
        return svg("path", {class: "mark", d: `M${x} ${y - 6}l6 6l-6 6l-6 -6z`});
    case "fault":
        return svg("path", {class: "mark", d: `M${x + 1} ${y - 8}l-6 9h4l-2 7l7 -10h-4z`});
    default:
        return svg("circle", {class: "mark", cx: x, cy: y, r: 3.5});
    }
}

/* With a ground of its own, so that no lane strikes its words through. y is the line that the letters stand on. */
function label(text, {x, y, anchor}) {
    const width = text.length * CHARACTER_PIXELS;
    const left = {start: x, middle: x - width / 2, end: x - width}[anchor];

    return svg("g", {},
        svg("rect", {class: "label-ground", x: left - 2, y: y - 10, width: width + 4, height: 13}),
        svg("text", {class: "label", x, y, "text-anchor": anchor}, text));
}

function legend() {
    const signs = [["→", "bytes"], ["⇢", "dial"], ["●", "connected"], ["⊣", "FIN"], ["✗", "refused, RST"], ["◆", "decision of the proxy"], ["⚡", "fault"]];

    return h("ul", {class: "timeline-legend"},
        ...signs.map(([sign, words]) => h("li", {}, h("span", {"aria-hidden": "true", text: `${sign} `}), words)),
        h("li", {}, h("span", {class: "legend-band", "aria-hidden": "true"}), " an attempt"));
}
