/**
 * The wrong proxies: each is ours with one fault built in, and what catches it. The value is that of docs/wrong.schema.json.
 */
import {h} from "retryproof/parts/dom";
import {number} from "retryproof/parts/words";
import {dataTable, documentHead, documentSection, toneBadge} from "retryproof/report/document_parts";

/**
 * @param {HTMLElement} container is emptied
 * @param {object} table
 */
export function renderWrong(container, table) {
    container.replaceChildren(h("div", {class: "document"},
        documentHead(wrongSummary(table)),
        documentSection("What catches them", dataTable("Wrong proxies",
            [{text: "the proxy …"}, {text: "caught by"}, {text: "suite: cases that fail"}, {text: "in these words"}, {text: "exploration: claim broken"},
                {text: "in runs"}, {text: "smallest schedule"}, {text: "on sockets"}],
            table.proxies.map(wrongRow)))));
}

/** What its page begins with, and what a card tells of it. */
export function wrongSummary({proxies, command}) {
    const free = proxies.filter((proxy) => !proxy.suite && !proxy.exploration);

    return {
        title: "Wrong proxies",
        lead: "Each of these is the proxy with one fault built in. A suite that does not fail for one of them would not see that fault in a real proxy either.",
        figures: [
            {value: proxies.length, name: "wrong proxies"},
            {value: proxies.filter((proxy) => proxy.suite).length, name: "caught by the suite"},
            {value: proxies.filter((proxy) => proxy.exploration).length, name: "caught by exploration"},
            {value: free.length, name: "caught by neither", tone: free.length > 0 ? "bad" : "good"},
        ],
        command,
    };
}

function wrongRow(proxy) {
    const {suite, exploration} = proxy;

    return {
        tone: suite || exploration ? "none" : "bad",
        cells: [
            proxy.name.replace(/^wrong-/, "").replaceAll("-", " "),
            caughtBy(proxy),
            suite ? share(suite) : "-",
            suite ? suite.sentence : "-",
            exploration ? h("code", {text: exploration.claim}) : "-",
            exploration ? share(exploration) : "-",
            exploration ? scheduleWords(exploration.schedule) : "-",
            exploration ? (exploration.on_sockets ? "fails there, too" : "not asked") : "-",
        ],
    };
}

/** "17 of 3,397" */
function share({failed, played}) {
    return `${number(failed)} of ${number(played)}`;
}

function scheduleWords(schedule) {
    return schedule.length === 0 ? "none: a run without a fault shows it" :
        h("ul", {class: "plain-list"}, ...schedule.map((fault) => h("li", {text: fault})));
}

function caughtBy({suite, exploration}) {
    const words = [suite && "suite", exploration && "exploration"].filter(Boolean).join(" and ");

    return words === "" ? toneBadge("bad", "✗", "nobody") : toneBadge("good", "✓", words);
}
