/**
 * One case: what it proves, what happened, and how to see it again. With nothing but this page in hand a failure is to be
 * understood.
 *
 * @typedef {object} CaseContext
 * @property {object} entry of the index
 * @property {{sentences: string[], story: string[], recording: object|null}} detail
 * @property {{path: string, text: string}[]} files
 * @property {object} [run]
 * @property {{name: string, value: string}[]} [facts]
 * @property {{href: string, name: string, differs: string}} [previous] of those that the filter shows; differs: what tells it
 *     from this one where the sentence is the same
 * @property {{href: string, name: string, differs: string}} [next]
 * @property {string} [back] where the matrix is
 */
import {exchangeCards} from "retryproof/parts/attempt_card";
import {copyBox, copyButton, h} from "retryproof/parts/dom";
import {duration, fingerprint, stageMeaning, verdictOf} from "retryproof/parts/words";
import {captureName, captureOf} from "retryproof/report/capture";
import {caseStory, neverRead, verdictStory} from "retryproof/report/case_story";
import {hasFindings} from "retryproof/report/cases";
import {createMarks} from "retryproof/report/marks";
import {readRecording} from "retryproof/report/recording";
import {gridValues, scenarioText} from "retryproof/report/scenario_text";
import {timeline} from "retryproof/report/timeline";
import {wireLog} from "retryproof/report/wire_log";

/**
 * @param {HTMLElement} container is emptied
 * @param {CaseContext} context
 */
export function renderCase(container, context) {
    const recording = context.detail.recording ? readRecording(context.detail.recording) : null;
    const findings = findingsSection(context);
    const overview = [recording?.exchanges.length > 0 ? happenedSection(recording, context) : storySection(context, recording), recording && expectationSection(recording)].filter(Boolean);
    const details = [
        recording && attemptsSection(recording, context.entry),
        recording && wireSection(recording),
        scenarioSection(context),
        reproduceSection(context),
    ].filter(Boolean);

    container.replaceChildren(h("div", {class: "case-view"},
        caseHead(context), jumpList([findings, ...overview, ...details].filter(Boolean)),
        findings, h("div", {class: "case-overview"}, ...overview), ...details, neighbours(context)));
}

/* ---- the head ------------------------------------------------------------------------------------------ */

function caseHead({entry, back}) {
    const verdict = verdictOf(entry);

    return h("header", {class: "case-head"},
        h("p", {class: "breadcrumb"}, h("a", {href: back ?? "#/", text: "Matrix"}), ` / ${entry.stage} / ${entry.fault}`),
        h("h1", {tabindex: "-1", text: entry.name}),
        h("p", {class: "badges"},
            h("span", {class: "badge", data: {tone: verdict.tone}, title: verdict.meaning},
                h("span", {"aria-hidden": "true", text: `${verdict.glyph} `}), verdict.word),
            h("span", {class: "badge", text: entry.level}),
            h("span", {class: "badge", text: entry.world === "sim" ? "simulation" : entry.world}),
            entry.subject && entry.subject !== "builtin" ? h("span", {class: "badge", text: entry.subject}) : null),
        h("p", {class: "case-id"}, h("code", {text: entry.id}), copyButton(entry.id, "Copy the id")),
        caseFacts(entry));
}

function caseFacts(entry) {
    const facts = [
        ["stage", `${entry.stage}${stageMeaning(entry.stage) ? `: ${stageMeaning(entry.stage)}` : ""}`],
        ["fault", entry.fault],
        ["method", entry.method],
        ["the client got", entry.client ?? "-"],
        ["attempts / delivered", `${entry.attempts} / ${entry.delivered}`],
        ["took", `${duration(entry.duration_ns)}${entry.world === "sim" ? " of virtual time" : ""}`],
        ...gridValues(entry.id).map(([name, value]) => [`grid: ${name}`, value]),
    ];

    return h("dl", {class: "facts case-facts"},
        ...facts.map(([name, value]) => fact(name, value)),
        entry.source ? h("div", {class: "fact"}, h("dt", {text: "source"}), h("dd", {}, sourceLink(entry.source))) : null);
}

function fact(name, value) {
    return h("div", {class: "fact"}, h("dt", {text: name}), h("dd", {text: value}));
}

/* A link is followed by a reader alone; the page itself asks for nothing. */
function sourceLink(source) {
    const rfc = /^RFC (\d+)(?:,? (?:section )?(\d+(?:\.\d+)*))?$/.exec(source);

    return rfc === null ? source : h("a", {
        href: `https://www.rfc-editor.org/rfc/rfc${rfc[1]}${rfc[2] ? `#section-${rfc[2]}` : ""}`, rel: "noreferrer", text: source});
}

/* The hash belongs to the routes, so that within a page buttons lead on. */
function jumpList(sections) {
    return h("nav", {class: "jump-list", "aria-label": "On this page"}, h("ul", {}, ...sections.map((section) => {
        const heading = section.querySelector("h2");

        return h("li", {}, h("button", {type: "button", class: "button link", on: {click: () => {
            section.scrollIntoView({block: "start"});
            heading.focus({preventScroll: true});
        }}}, heading.textContent));
    })));
}

function section(name, ...children) {
    return h("section", {class: "case-section"}, h("h2", {tabindex: "-1", text: name}), ...children);
}

/* ---- what was found ------------------------------------------------------------------------------------- */

function findingsSection({entry, detail}) {
    const sentences = detail.sentences ?? [];

    if (sentences.length === 0) {
        return null;
    }
    const ran = !["skipped", "unsupported"].includes(entry.verdict);

    return section(ran ? "What is wrong" : "Why it was not played",
        h("ul", {class: "findings", data: {tone: verdictOf(entry).tone}}, ...sentences.map((sentence) => h("li", {text: sentence}))));
}

function happenedSection(recording, {entry}) {
    return section("What happened",
        h("ol", {class: "story"}, ...caseStory(recording, entry).map((sentence) => h("li", {text: sentence}))),
        recording.fromProxy ? null : h("p", {class: "soft small", text: "The proxy is another process: this is what the clients and upstreams around it saw."}));
}

function storySection({entry, detail}, recording) {
    const story = detail.story ?? [];

    if (recording) {
        return section("What happened", storyBlock(story), h("p", {text: "No request of a client was recorded; what went over the wire is told below."}));
    }
    const record = entry.reproduce ? `${entry.reproduce} --record all --report html=out/html` : null;

    return section("What happened",
        storyBlock(story),
        h("p", {text: "No recording was kept of this case, so that there is no timeline and no wire log. Run it with --record all to have them:"}),
        record ? copyBox(record, "Copy the command") : null);
}

function storyBlock(story) {
    return story.length > 0 ? h("pre", {class: "code-block", tabindex: "0", "aria-label": "Story of the case", text: story.join("\n")}) : null;
}

function expectationSection(recording) {
    if (recording.expectations.length === 0) {
        return null;
    }
    const rows = [...recording.expectations].sort((a, b) => Number(a.holds) - Number(b.holds));

    return section("Expected and observed",
        h("p", {text: verdictStory(recording)}),
        h("div", {class: "table-scroll", tabindex: "0", role: "region", "aria-label": "Expected and observed"},
            h("table", {class: "expectations"},
                h("thead", {}, h("tr", {}, ...["", "what", "expected", "observed"].map((head) =>
                    head === "" ? h("td", {}) : h("th", {scope: "col", text: head})))),
                h("tbody", {}, ...rows.map(expectationRow)))));
}

function expectationRow({what, expected, observed, holds}) {
    return h("tr", {data: {holds: holds ? "yes" : "no"}},
        h("td", {class: "holds"}, h("span", {class: "badge", data: {tone: holds ? "good" : "bad"}},
            h("span", {"aria-hidden": "true", text: holds ? "✓ " : "✗ "}), holds ? "holds" : "broken")),
        h("th", {scope: "row", text: what}),
        h("td", {data: {name: "expected"}}, h("code", {text: expected})),
        h("td", {data: {name: "observed"}}, h("code", {text: observed})));
}

/* ---- what happened, closely ------------------------------------------------------------------------------ */

/* Where something failed, nobody says that an exchange succeeded: that may be what is wrong. */
function attemptsSection(recording, entry) {
    const many = recording.exchanges.length > 1;
    const unjudged = hasFindings(entry);

    return recording.exchanges.length === 0 ? null : section("Attempts",
        ...recording.exchanges.map((exchange, index) => h("div", {class: "exchange"},
            many ? h("h3", {text: `Request ${index + 1}: ${exchange.method ?? ""} ${exchange.target ?? ""}`}) : null,
            exchangeCards(exchange, {heading: many ? "h4" : "h3", unjudged, unread: neverRead(recording, entry)}))));
}

function wireSection(recording) {
    const marks = createMarks();

    return section("On the wire",
        h("p", {class: "soft small", text: "Point at an event, and the same one is marked on the other side. TX is what the proxy sent, RX what it received."}),
        h("div", {class: "wire-pair"},
            h("div", {class: "wire-part"}, h("h3", {text: "Timeline"}), timeline(recording, marks)),
            h("div", {class: "wire-part"}, h("h3", {text: "Wire log"}), wireLog(recording, marks))));
}

function scenarioSection({entry, files}) {
    const file = (files ?? []).find((one) => one.path === entry.file);

    return section("Scenario",
        h("p", {}, h("code", {text: `${entry.file}:${entry.line}`})),
        file ? scenarioText(file.text, {broken: entry.finding_line, values: gridValues(entry.id)}) :
            h("p", {class: "soft small", text: "The text of the scenario is not in this report."}));
}

/* ---- again ------------------------------------------------------------------------------------------------ */

function reproduceSection({entry, detail, run}) {
    return section("Reproduce",
        entry.reproduce ? copyBox(entry.reproduce, "Copy the command") : h("p", {class: "soft small", text: "There is no command for this case."}),
        h("dl", {class: "facts"},
            fact("seed", String(entry.seed ?? "-")),
            Number(entry.trace_hash) ? fact("fingerprint of the run", fingerprint(entry.trace_hash)) : null,
            run?.version ? fact("retryproof", run.version) : null),
        Number(entry.trace_hash) ? h("p", {class: "soft small", text: "The simulation plays the same seed the same way: the same fingerprint is the same run, byte for byte."}) : null,
        detail.recording ? captureDownload(entry, detail.recording, run) : null);
}

/* It is made when somebody takes it: the link has its bytes before the browser follows it. */
function captureDownload(entry, recording, run) {
    const name = captureName(entry);
    const link = h("a", {class: "button", download: name, href: "#", on: {click: fill}}, "Download the capture");

    function fill() {
        if (!link.href.startsWith("blob:")) {
            link.href = URL.createObjectURL(new Blob([captureOf(recording, entry, run)], {type: "application/x-pcapng"}));
        }
    }

    return h("div", {class: "capture"},
        h("p", {}, link),
        h("p", {class: "soft small", text: "All connections of the case as TCP, with its attempts as comments and the secrets of TLS where there are any. Wireshark opens it; or:"}),
        copyBox(`tshark -r '${name}'${decodings(recording)}`, "Copy the command"),
        h("p", {class: "soft small", text: `Where they listen: ${listenersOf(recording)}.`}));
}

/* No port of a case is one that says HTTP, or TLS, by itself. */
function decodings(recording) {
    const known = (recording.connections ?? []).map(({server_address: address, tls}) => [/:(\d+)$/.exec(address ?? "")?.[1], tls ? "tls" : "http"]);

    return [...new Map(known.filter(([port]) => port !== undefined))].map(([port, protocol]) => ` -d tcp.port==${port},${protocol}`).join("");
}

/* "the proxy for client: 127.0.0.1:9000, a: 127.0.0.1:9001": whose a port of the capture is. */
function listenersOf({connections = [], lanes = []}) {
    const known = connections.filter((connection) => connection.server_address).map(({lane, server_address: address}) =>
        `${lanes[lane]?.role === "upstream" ? lanes[lane].name : "the proxy"} at ${address}`);

    return [...new Set(known)].join(", ") || "nobody recorded it";
}

function neighbours({previous, next}) {
    if (!previous && !next) {
        return null;
    }
    const link = (one, words, rel) => one ? h("a", {href: one.href, rel, class: "neighbour"}, h("span", {class: "soft small", text: words}), h("span", {text: one.name}), one.differs ? h("code", {class: "soft", text: one.differs}) : null) : h("span");

    return h("nav", {class: "neighbours", "aria-label": "Cases of this filter"},
        link(previous, "← previous case", "prev"), link(next, "next case →", "next"));
}
