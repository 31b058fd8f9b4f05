/**
 * What the pages of whole results share: sections, tables, figures, and parts that are built when somebody opens them.
 */
import {copyBox, h} from "retryproof/parts/dom";
import {number} from "retryproof/parts/words";

/** A section under a heading that can be jumped to. */
export function documentSection(title, ...children) {
    return h("section", {class: "document-section"}, h("h2", {tabindex: "-1", text: title}), ...children);
}

/**
 * The head of a page: its title, a sentence, figures, and the command that makes it again.
 *
 * @param {{title: string, lead: string, figures: Figure[], command?: string}} head
 * @typedef {{value: number|string, name: string, tone?: string}} Figure
 */
export function documentHead({title, lead, figures, command}) {
    return h("header", {class: "document-head"},
        h("h1", {tabindex: "-1", text: title}),
        h("p", {class: "lead", text: lead}),
        figureList(figures),
        command ? h("div", {class: "document-command"}, copyBox(command, "Copy the command")) : null);
}

/** @param {Figure[]} figures */
export function figureList(figures) {
    return h("ul", {class: "figures"}, ...figures.map((figure) => h("li", {class: "card figure", data: {tone: figure.tone ?? "none"}},
        h("strong", {class: "figure-value", text: typeof figure.value === "number" ? number(figure.value) : figure.value}),
        h("span", {class: "figure-name", text: figure.name}))));
}

/**
 * A table that scrolls within its place. A column of numbers is said by number: true.
 *
 * @param {string} name what it holds, for those who cannot see it
 * @param {{text: string, number?: boolean}[]} heads the first column names its rows
 * @param {{tone?: string, cells: (string|number|Node)[]}[]} rows
 */
export function dataTable(name, heads, rows) {
    const head = h("thead", {}, h("tr", {}, ...heads.map((one) => h("th", {scope: "col", class: one.number && "number", text: one.text}))));
    const body = h("tbody", {}, ...rows.map((row) => h("tr", {data: {tone: row.tone ?? "none"}},
        ...row.cells.map((cell, index) => dataCell(cell, heads[index], index)))));

    return h("div", {class: "table-scroll", tabindex: "0", role: "region", "aria-label": name}, h("table", {class: "document-table"}, head, body));
}

function dataCell(cell, head, index) {
    const content = typeof cell === "number" ? number(cell) : cell;

    return index === 0 ? h("th", {scope: "row", class: head.number && "number"}, content) : h("td", {class: head.number && "number"}, content);
}

/**
 * Something that is built when it is first opened, so that a page of thousands of rows opens at once.
 *
 * @param {string|Node[]} summary
 * @param {() => Node[]} build
 * @param {{open?: boolean, class?: string}} [options]
 */
export function lazyDetails(summary, build, options = {}) {
    const details = h("details", {class: ["lazy", options.class]}, h("summary", {}, summary));
    const fill = () => {
        if (details.open && details.childElementCount === 1) {
            details.append(...build().filter(Boolean));
        }
    };

    details.addEventListener("toggle", fill);
    if (options.open) {
        details.open = true;
        fill();
    }
    return details;
}

/** A glyph and a word, never a colour alone. */
export function toneBadge(tone, glyph, word) {
    return h("span", {class: "badge", data: {tone}}, h("span", {"aria-hidden": "true", text: `${glyph} `}), word);
}
