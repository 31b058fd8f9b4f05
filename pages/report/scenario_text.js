/**
 * The text of a scenario file with line numbers, what it expects marked, the line of it that did not hold, and beside each
 * ${name} the value of this case.
 */
import {h} from "retryproof/parts/dom";

/**
 * The grid values of a case, from its id: "post-write/never-sent-again[method=POST,end=fin]".
 * A comma within a value is followed by a blank, one between values by the next name.
 *
 * @param {string} id
 * @returns {[string, string][]}
 */
export function gridValues(id) {
    const grid = /\[(.*)\]$/s.exec(id);

    return grid === null ? [] : grid[1].split(/,(?=[A-Za-z_][\w-]*=)/).map((pair) => {
        const equals = pair.indexOf("=");

        return [pair.slice(0, equals), pair.slice(equals + 1)];
    });
}

/**
 * @param {string} text
 * @param {{broken?: number, values: [string, string][]}} of the case; broken: the number of the line that did not hold
 * @returns {HTMLElement}
 */
export function scenarioText(text, {broken, values}) {
    const lines = text.replace(/\n$/, "").split("\n");
    const marked = expectRange(lines);
    const known = new Map(values);
    const row = (line, index) => index + 1 === broken ?
        h("span", {class: "code-line", data: {line: index + 1, holds: "no"}}, ...codeNodes(line, known), h("span", {class: "broken-mark", text: "did not hold"}), "\n") :
        h("span", {class: "code-line", data: {line: index + 1}}, ...codeNodes(line, known), "\n");
    const rows = lines.map(row);
    const part = (from, to) => from < to ? h("pre", {class: "code-block", tabindex: "0", "aria-label": `Lines ${from + 1} to ${to} of the scenario`}, ...rows.slice(from, to)) : null;

    if (marked === null) {
        return h("div", {class: "scenario-text"}, part(0, lines.length));
    }
    return h("div", {class: "scenario-text"},
        part(0, marked.from),
        h("details", {class: "expect-block", open: true},
            h("summary", {text: "what it expects"}),
            part(marked.from, marked.to)),
        part(marked.to, lines.length));
}

/** The lines of the key `expect` at the top level: from, and up to the next key. */
function expectRange(lines) {
    const from = lines.findIndex((line) => /^expect\s*:/.test(line));

    if (from < 0) {
        return null;
    }
    const next = lines.findIndex((line, index) => index > from && /^[^\s#}\]]/.test(line));

    return {from, to: next < 0 ? lines.length : next};
}

/* ---- a line of YAML ---------------------------------------------------------------------------------- */

const TOKEN = /(#.*$)|("(?:[^"\\]|\\.)*"|'[^']*')|([A-Za-z_][\w-]*)(?=\s*:(?:\s|$|\{|\[))|(\$\{[^}]*\})/g;

function codeNodes(line, known) {
    const nodes = [];
    let at = 0;

    for (const token of line.matchAll(TOKEN)) {
        nodes.push(line.slice(at, token.index), ...tokenNodes(token, known));
        at = token.index + token[0].length;
    }
    nodes.push(line.slice(at));
    return nodes.filter((node) => node !== "");
}

function tokenNodes([text, comment, , key, use], known) {
    if (comment !== undefined) {
        return [h("span", {class: "code-comment", text})];
    }
    if (key !== undefined) {
        return [h("span", {class: "code-key", text})];
    }
    const names = [...text.matchAll(/\$\{([\w-]+)(\.[^}]*)?\}/g)].filter(([, name, part]) => part === undefined && known.has(name));
    const values = names.map(([, name]) => h("span", {class: "grid-value", title: `${name} in this case`, text: known.get(name)}));

    return [h("span", {class: use !== undefined || names.length > 0 ? "code-use" : "code-string", text}), ...values];
}
