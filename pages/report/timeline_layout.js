/**
 * Where everything of a timeline stands, as plain values: lanes from left to right, time downwards. Nothing is drawn here.
 *
 * Two ways to let time go down: by the order of events, a row each, so that a time-out of 30 s does not squash the rest; and
 * true to time, where distance is duration.
 *
 * @typedef {object} Row
 * @property {"step"|"begin"|"end"|"gap"} kind
 * @property {number} atNs
 * @property {number} y
 * @property {import("retryproof/report/recording").Step} [step]
 * @property {object} [attempt] of a begin or an end
 * @property {number} [gapNs]
 */

export const GUTTER_PIXELS = 78; /* for "+1234.5 ms" */
export const LANE_PIXELS_MIN = 62; /* four lanes and the gutter fit into 340 pixels */
export const HEAD_PIXELS = 18; /* above the first row */
const ROW_PIXELS = 30;
const LINEAR_PIXELS = 620; /* the whole of a case without zoom */
const LINEAR_PIXELS_MAX = 60000; /* far below what browsers can draw */
const TICK_PIXELS = 56;
const TICKS_MAX = 1200;
const GAP_SHARE = 0.08; /* of the whole: so much that passes without an event is said */
const GAP_NS_MIN = 1e6;
const CLOSE_NS = 1e6; /* less than this apart, events of a case that began late would stand on one line */

/**
 * @param {import("retryproof/report/recording").Recording} recording
 * @param {{width: number, zoom: number, linear: boolean, decisions: boolean}} view
 */
export function layoutTimeline(recording, view) {
    const count = Math.max(1, recording.lanes.length);
    const width = Math.max(view.width, GUTTER_PIXELS + count * LANE_PIXELS_MIN);
    const gap = (width - GUTTER_PIXELS) / count;
    const rows = timelineRows(recording, view);
    const scale = timeScale(rows, recording.endNs);
    const pixels = Math.min(LINEAR_PIXELS * view.zoom, LINEAR_PIXELS_MAX);
    const pitch = Math.max(12, ROW_PIXELS * view.zoom);

    rows.forEach((row, index) => {
        row.y = HEAD_PIXELS + (view.linear ? (row.atNs - scale.from) / scale.span * pixels : (index + 0.5) * pitch);
    });
    return {
        width, gap, rows,
        linear: view.linear,
        height: HEAD_PIXELS + (view.linear ? pixels : rows.length * pitch) + ROW_PIXELS,
        laneX: (lane) => GUTTER_PIXELS + gap * (lane + 0.5),
        ticks: view.linear ? linearTicks(scale, pixels) : orderTicks(rows),
    };
}

/* ---- rows --------------------------------------------------------------------------------------------- */

/** Steps in their order; in front of the first step of an attempt its begin, behind its last one its end. */
function timelineRows(recording, view) {
    const steps = recording.steps.filter((step) => view.decisions || step.what !== "decision");
    const before = new Map();
    const behind = new Map();
    const rows = [];

    for (const attempt of recording.attempts.filter((one) => one.lane >= 0)) {
        const own = stepsOfAttempt(attempt, steps, recording);

        attempt.rows = {};
        if (own.length > 0) {
            push(before, own[0], attempt);
            push(behind, own[own.length - 1], attempt);
        }
    }
    for (const step of steps) {
        for (const attempt of before.get(step) ?? []) {
            rows.push(attempt.rows.begin = {kind: "begin", atNs: attempt.begun_ns ?? step.atNs, attempt});
        }
        rows.push({kind: "step", atNs: step.atNs, step});
        for (const attempt of behind.get(step) ?? []) {
            rows.push(attempt.rows.end = {kind: "end", atNs: attempt.ended_ns ?? step.atNs, attempt});
        }
    }
    return view.linear ? rows : withGaps(rows, recording.endNs);
}

function push(map, key, value) {
    map.set(key, [...(map.get(key) ?? []), value]);
}

/* What went over the attempt's own connection while it lasted; without one, what went to its upstream. */
function stepsOfAttempt(attempt, steps, recording) {
    const during = steps.filter((step) => step.atNs >= (attempt.begun_ns ?? 0) && step.atNs <= (attempt.ended_ns ?? Infinity));
    const wire = during.filter((step) => !["decision", "note"].includes(step.what));
    const own = wire.filter((step) => attempt.connection !== undefined ?
        step.connection?.index === attempt.connection :
        step.connection?.lane === attempt.lane && recording.lanes[attempt.lane].role === "upstream");

    return own.length > 0 ? own : during.slice(0, 1);
}

function withGaps(rows, endNs) {
    const told = [];

    for (const row of rows) {
        const passed = row.atNs - (told[told.length - 1]?.atNs ?? 0);

        if (passed >= Math.max(GAP_NS_MIN, endNs * GAP_SHARE)) {
            told.push({kind: "gap", atNs: row.atNs, gapNs: passed});
        }
        told.push(row);
    }
    return told;
}

/* Events that all lie close together fill the height, wherever in the case they lie. */
function timeScale(rows, endNs) {
    const times = rows.map((row) => row.atNs);
    const from = Math.min(...times);
    const within = Math.max(...times) - from;

    return within > 0 && within < CLOSE_NS ? {from, span: within} : {from: 0, span: Math.max(1, endNs)};
}

/* ---- ticks: {y, atNs} ----------------------------------------------------------------------------------- */

function orderTicks(rows) {
    return rows.filter((row, index) => row.kind !== "gap" && row.atNs !== lastTime(rows, index)).map((row) => ({y: row.y, atNs: row.atNs}));
}

function lastTime(rows, index) {
    for (let i = index - 1; i >= 0; i--) {
        if (rows[i].kind !== "gap") {
            return rows[i].atNs;
        }
    }
    return -1;
}

/* Every 1, 2 or 5 times a power of ten, not closer than can be read. */
function linearTicks({from, span}, pixels) {
    const least = Math.max(span / pixels * TICK_PIXELS, span / TICKS_MAX);
    const power = 10 ** Math.floor(Math.log10(least));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= least);
    const ticks = [];

    for (let at = Math.ceil(from / step) * step; at <= from + span; at += step) {
        ticks.push({y: HEAD_PIXELS + (at - from) / span * pixels, atNs: at});
    }
    return ticks;
}
