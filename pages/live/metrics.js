/**
 * The counters of /metrics, and how two of them went while the page was open.
 *
 * @typedef {{labels: Object<string, string>, value: number}} Sample
 */

/** A time slot of the history; as long as the page waits between two questions. */
export const SLOT_MS = 2000;
/** Between two looks further apart than this nobody knows when something happened: the tab slept. */
const APART_SLOTS_MAX = 5;
/** Five minutes: what somebody who watches still has in mind. */
export const SLOTS_MAX = 150;

const LINE = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g;

/**
 * Reads the text format of Prometheus as this proxy writes it.
 *
 * @param {string} text
 * @returns {Map<string, Sample[]>} by name
 */
export function readMetrics(text) {
    const metrics = new Map();

    for (const line of text.split("\n")) {
        const [, name, labels, value] = LINE.exec(line) ?? [];
        if (name === undefined) {
            continue;
        }
        if (!metrics.has(name)) {
            metrics.set(name, []);
        }
        metrics.get(name).push({labels: readLabels(labels ?? ""), value: Number(value)});
    }
    return metrics;
}

function readLabels(text) {
    return Object.fromEntries(Array.from(text.matchAll(LABEL), ([, name, value]) => [name, unescaped(value)]));
}

function unescaped(value) {
    return value.replace(/\\(.)/g, (_, character) => (character === "n" ? "\n" : character));
}

/** A counter with all its labels together; 0 where nothing was counted yet. */
export function sum(metrics, name) {
    return (metrics.get(name) ?? []).reduce((total, sample) => total + sample.value, 0);
}

/**
 * How much counters rose in each slot of time, oldest first. A slot in which nobody looked is null.
 */
export class History {
    /** @param {string[]} names of the counters that are followed */
    constructor(names) {
        this.names = names;
        this.slots = [];
        this.slot = null;
        this.last = null;
    }

    /**
     * @param {Map<string, Sample[]>} metrics
     * @param {number} nowMs
     */
    note(metrics, nowMs) {
        const slot = Math.floor(nowMs / SLOT_MS);
        const totals = this.names.map((name) => sum(metrics, name));
        const isKnown = this.last !== null && slot - this.slot <= APART_SLOTS_MAX;
        const rises = totals.map((total, i) => (isKnown ? total - this.last[i] : 0));

        this.moveTo(slot, isKnown);
        if (rises.every((rise) => rise >= 0)) { // less than before: the proxy was started anew
            const current = this.slots[this.slots.length - 1] ?? rises.map(() => 0);
            this.slots[this.slots.length - 1] = current.map((value, i) => value + rises[i]);
        }
        this.last = totals;
    }

    moveTo(slot, isKnown) {
        const steps = this.slot === null ? 1 : Math.min(slot - this.slot, SLOTS_MAX);

        for (let i = 1; i <= steps; i++) {
            this.slots.push(isKnown || i === steps ? this.names.map(() => 0) : null);
        }
        this.slots.splice(0, this.slots.length - SLOTS_MAX);
        this.slot = slot;
    }

    /** How much each counter rose in all slots together. */
    totals() {
        return this.names.map((_, i) => this.slots.reduce((total, slot) => total + (slot?.[i] ?? 0), 0));
    }
}
