/**
 * Which lines of the product the tests reach. The value is that of docs/lines.schema.json.
 */
import {h} from "retryproof/parts/dom";
import {dataTable, documentHead, documentSection} from "retryproof/report/document_parts";

/**
 * @param {HTMLElement} container is emptied
 * @param {{folders: {name: string, lines: number, reached: number}[], pages: string}} lines
 */
export function renderLines(container, lines) {
    container.replaceChildren(h("div", {class: "document"},
        documentHead(linesSummary(lines)),
        documentSection("By folder", dataTable("Lines by folder",
            [{text: "folder"}, {text: "lines", number: true}, {text: "reached", number: true}, {text: "share", number: true}],
            lines.folders.map((folder) => ({cells: [folder.name, folder.lines, folder.reached, share(folder)]})))),
        documentSection("Line by line", h("p", {},
            h("a", {href: lines.pages, text: "Every line, with how often it was run"}), " stands in a folder beside this report, where ./dev coverage has made it."))));
}

/** What its page begins with, and what a card tells of it. */
export function linesSummary({folders}) {
    const sum = (key) => folders.reduce((total, folder) => total + folder[key], 0);

    return {
        title: "Lines that tests reach",
        lead: "A line that no test reaches may do anything. One that is reached has been run, which is not yet to be proved.",
        figures: [
            {value: sum("lines"), name: "lines"},
            {value: sum("reached"), name: "reached"},
            {value: sum("lines") - sum("reached"), name: "not reached"},
        ],
        command: "./dev coverage",
    };
}

function share({lines, reached}) {
    return lines === 0 ? "-" : `${(100 * reached / lines).toFixed(1)} %`;
}
