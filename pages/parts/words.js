/**
 * The words of the house: how times, sizes and counts are written, and what stages, verdicts and levels mean.
 */

const NANOSECONDS = {us: 1e3, ms: 1e6, s: 1e9, min: 60e9, h: 3600e9};

/** A duration in nanoseconds: "0", "850 ns", "12.3 µs", "3.1 ms", "1.25 s", "2 min 5 s". */
export function duration(ns) {
    const value = Number(ns);
    if (value < NANOSECONDS.us) {
        return value === 0 ? "0" : `${value} ns`;
    }
    if (value < NANOSECONDS.ms) {
        return `${short(value / NANOSECONDS.us)} µs`;
    }
    if (value < NANOSECONDS.s) {
        return `${short(value / NANOSECONDS.ms)} ms`;
    }
    if (value < NANOSECONDS.min) {
        return `${short(value / NANOSECONDS.s)} s`;
    }
    const [unit, small, name, smallName] =
        value < NANOSECONDS.h ? [NANOSECONDS.min, NANOSECONDS.s, "min", "s"] : [NANOSECONDS.h, NANOSECONDS.min, "h", "min"];
    return `${Math.floor(value / unit)} ${name} ${Math.floor((value % unit) / small)} ${smallName}`;
}

/** A moment of a case, as its story tells it: "+0.3 ms", "+12.0 s". */
export function moment(ns) {
    const value = Number(ns);
    return value < NANOSECONDS.s
        ? `+${(value / NANOSECONDS.ms).toFixed(value < 1e5 && value > 0 ? 3 : 1)} ms`
        : `+${(value / NANOSECONDS.s).toFixed(value < 10 * NANOSECONDS.s ? 2 : 1)} s`;
}

/** A size in bytes: "1 byte", "512 bytes", "64 KiB", "1.5 MiB". */
export function size(bytes) {
    const value = Number(bytes);
    if (value < 1024) {
        return count(value, "byte");
    }
    const units = ["KiB", "MiB", "GiB", "TiB"];
    let scaled = value / 1024;
    let unit = 0;
    while (scaled >= 1024 && unit < units.length - 1) {
        scaled /= 1024;
        unit++;
    }
    return `${Number(scaled.toFixed(scaled < 10 ? 1 : 0))} ${units[unit]}`;
}

/** How a run is told from another, as the terminal has it: "0x0123456789abcdef". A number or its decimal digits; anything else is left as it is. */
export function fingerprint(value) {
    const text = String(value);

    return /^\d+$/.test(text) ? `0x${BigInt(text).toString(16).padStart(16, "0")}` : text;
}

/** "1,234,567" */
export function number(value) {
    return Number(value).toLocaleString("en-US");
}

/** "1 case", "5,000 cases"; many: where an s does not do. */
export function count(value, one, many = `${one}s`) {
    return `${number(value)} ${Number(value) === 1 ? one : many}`;
}

/** A date and time that anybody can read: "2026-11-22 03:51:05 UTC". */
export function date(unixSeconds) {
    return new Date(Number(unixSeconds) * 1000).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
}

/** Three digits, no zeros behind a point. */
function short(value) {
    return String(Number(value.toPrecision(value < 1000 ? 3 : 4)));
}

/** The stages of an attempt in their order, and what being there means. */
export const STAGES = new Map([
    ["route", "no attempt has begun: unknown route, authentication, no available upstream"],
    ["resolve", "a name is being looked up"],
    ["dial", "connecting: refused, unreachable, timed out, no answer"],
    ["handshake", "TLS, before the first byte of the request"],
    ["pre-write", "connected, and not a byte of the request is written"],
    ["mid-write", "some of the request is written, but not all of it"],
    ["post-write", "all of the request handed over, no byte of a response"],
    ["mid-head", "the response has begun, its final head is not complete"],
    ["status", "the final head is complete, nothing of it went to the client"],
    ["mid-copy", "the response is on its way to the client and not complete"],
    ["tunnel", "after 2xx to CONNECT, or 101: bytes flow both ways"],
]);

/** What it means that an attempt failed at a stage; a stage of another result is told as it is. */
export function stageMeaning(stage) {
    return STAGES.get(stage) ?? "";
}

/** Verdicts, worst first. The glyph and the word are always shown together. */
export const VERDICTS = new Map([
    ["fail", {glyph: "✗", tone: "bad", meaning: "what was seen is not what is expected"}],
    ["error", {glyph: "‼", tone: "bad", meaning: "our own fault, or a case that never ended"}],
    ["setup-failed", {glyph: "⚠", tone: "bad", meaning: "what the case needs first did not come about"}],
    ["pass", {glyph: "✓", tone: "good", meaning: "all that is expected was seen"}],
    ["unsupported", {glyph: "∅", tone: "none", meaning: "this world or subject cannot do the fault faithfully; a sentence says why"}],
    ["skipped", {glyph: "–", tone: "none", meaning: "left out by the user, or behind the first failure"}],
]);

/**
 * How a case is to be shown: a `should` or `info` that does not hold is told but fails no run.
 *
 * @param {{verdict: string, level: string}} entry
 * @returns {{glyph: string, tone: string, word: string, meaning: string}}
 */
export function verdictOf(entry) {
    const known = VERDICTS.get(entry.verdict) ?? {glyph: "?", tone: "none", meaning: ""};
    if (entry.verdict === "fail" && entry.level !== "must") {
        return {glyph: "!", tone: "warn", word: `fail (${entry.level})`, meaning: `${known.meaning}; at level ${entry.level} it fails no run`};
    }
    return {...known, word: entry.verdict};
}

export function verdictMeaning(verdict) {
    return VERDICTS.get(verdict)?.meaning ?? "";
}

/** Levels, and what they mean for a run. */
export const LEVELS = new Map([
    ["must", "fails the suite"],
    ["should", "is shown, and fails no run"],
    ["info", "is shown: nothing says how it must be"],
]);
