/**
 * Retries and failures over time: bars above a line and below it, so that no colour is needed to tell them apart.
 */
import {clear, h, svg} from "retryproof/parts/dom";
import {count, duration} from "retryproof/parts/words";
import {SLOT_MS, SLOTS_MAX} from "retryproof/live/metrics";

const BAR = 4; // units of the picture's own; the page stretches it
const HALF = 50;

/** @returns {{element: HTMLElement, show: (history: import("./metrics.js").History) => void}} */
export function createPlot() {
    const picture = svg("svg", {
        class: "plot-picture",
        viewBox: `0 ${-HALF} ${SLOTS_MAX * BAR} ${2 * HALF}`,
        preserveAspectRatio: "none",
        role: "img",
    });
    const most = {up: h("span", {class: "plot-most"}), down: h("span", {class: "plot-most"})};
    const caption = h("figcaption", {class: "plot-caption"});
    const element = h("figure", {class: "plot"},
        h("div", {class: "plot-frame"},
            h("span", {class: "plot-label", "data-of": "retries"}, h("strong", {text: "↑ retries"}), " ", most.up),
            picture,
            h("span", {class: "plot-label", "data-of": "failures"}, h("strong", {text: "↓ failures"}), " ", most.down)),
        h("div", {class: "plot-axis", "aria-hidden": "true"},
            h("span", {text: `${duration(SLOTS_MAX * SLOT_MS * 1e6).replace(" 0 s", "")} ago`}), h("span", {text: "now"})),
        caption);

    return {element, show};

    function show(history) {
        const highest = Math.max(1, ...history.slots.flatMap((slot) => slot ?? [0]));
        const words = inWords(history);

        clear(picture).append(...bars(history, highest), line());
        picture.setAttribute("aria-label", words);
        caption.textContent = words;
        most.up.textContent = mostInASlot(history, 0);
        most.down.textContent = mostInASlot(history, 1);
    }
}

function bars(history, highest) {
    const first = SLOTS_MAX - history.slots.length;

    return history.slots.flatMap((slot, i) => {
        const x = (first + i) * BAR;
        return slot === null ? [gap(x)] : [bar(x, slot[0] / highest, -1), bar(x, slot[1] / highest, 1)].filter(Boolean);
    });
}

function bar(x, share, way) {
    if (share === 0) {
        return null;
    }
    const height = Math.max(share * HALF, 1.5); // what happened once among hundreds is still seen
    return svg("rect", {
        class: way < 0 ? "plot-retries" : "plot-failures",
        x, y: way < 0 ? -height : 0, width: BAR - 1, height,
    });
}

/** Nobody looked then. */
function gap(x) {
    return svg("rect", {class: "plot-gap", x, y: -HALF, width: BAR, height: 2 * HALF});
}

function line() {
    return svg("line", {class: "plot-line", x1: 0, x2: SLOTS_MAX * BAR, y1: 0, y2: 0});
}

function inWords(history) {
    const [retries, failures] = history.totals();
    const watched = duration(Math.max(history.slots.length - 1, 0) * SLOT_MS * 1e6);

    return watched === "0"
        ? "Kept by this page from now on, for five minutes."
        : `In the last ${watched}: ${count(retries, "retry", "retries")}, ${count(failures, "failure")}.`;
}

function mostInASlot(history, index) {
    const most = Math.max(0, ...history.slots.map((slot) => slot?.[index] ?? 0));

    return most === 0 ? "none" : `at most ${most} in ${duration(SLOT_MS * 1e6)}`;
}
