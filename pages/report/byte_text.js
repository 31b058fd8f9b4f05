/**
 * Bytes for people: as text in which nothing is hidden, and as hexadecimal digits.
 *
 * Bytes are texts of characters U+0000 to U+00FF, as results hold them.
 */
import {h} from "retryproof/parts/dom";

const START_LINE = /^(?:HTTP\/\d\.\d \d{3}[^\r\n]*|[A-Z][A-Z-]{1,22} [^\r\n ]+ HTTP\/\d\.\d)/;
const LINE_END = /\r\n|\n|\r/g;
const HIDDEN = /[^\x20-\x7e]+/g;
const QUOTE_CHARACTERS = 48; /* as much as an arrow can be labelled with */

/** The start line of a message, or the whole of a short text, quoted; empty where that says nothing. */
export function startLine(bytes) {
    const message = START_LINE.exec(bytes);

    if (message) {
        return message[0];
    }
    return bytes.length <= QUOTE_CHARACTERS && /^[\x20-\x7e]+$/.test(bytes) ? `“${bytes}”` : "";
}

/**
 * Text as it is, and what cannot be seen as an escape: line ends as \r\n with a new line behind, other bytes as \x00.
 *
 * @param {string} bytes
 * @returns {Node[]}
 */
export function readableNodes(bytes) {
    const nodes = [];
    let at = 0;

    for (const end of bytes.matchAll(LINE_END)) {
        nodes.push(...lineNodes(bytes.slice(at, end.index)), escapeNode(end[0] === "\r\n" ? "\\r\\n" : end[0] === "\n" ? "\\n" : "\\r"), "\n");
        at = end.index + end[0].length;
    }
    nodes.push(...lineNodes(bytes.slice(at)));
    if (nodes[nodes.length - 1] === "\n") {
        nodes.pop();
    }
    return nodes;
}

function lineNodes(line) {
    const nodes = [];
    let at = 0;

    for (const hidden of line.matchAll(HIDDEN)) {
        nodes.push(line.slice(at, hidden.index), escapeNode(escaped(hidden[0])));
        at = hidden.index + hidden[0].length;
    }
    nodes.push(line.slice(at));
    return nodes.filter((node) => node !== "");
}

function escaped(bytes) {
    return [...bytes].map((byte) => byte === "\t" ? "\\t" : `\\x${hex(byte.charCodeAt(0), 2)}`).join("");
}

function escapeNode(text) {
    return h("span", {class: "byte-escape", text});
}

/**
 * Rows of offset, digits and characters.
 *
 * @param {string} bytes
 * @param {number} offset of the first of them
 * @param {number} width bytes in a row
 */
export function hexText(bytes, offset, width) {
    const rows = [];

    for (let at = 0; at < bytes.length; at += width) {
        const row = bytes.slice(at, at + width);
        const digits = [...row].map((byte) => hex(byte.charCodeAt(0), 2)).join(" ");

        rows.push(`${hex(offset + at, 4)}  ${digits.padEnd(width * 3 - 1)}  ${row.replace(/[^\x20-\x7e]/g, ".")}`);
    }
    return rows.join("\n");
}

function hex(value, digits) {
    return value.toString(16).padStart(digits, "0");
}
