/**
 * The report's page: what the address asks for is shown, and nothing else is made. See links.js for the addresses.
 */
import {embedded} from "retryproof/parts/data";
import {clear, h} from "retryproof/parts/dom";
import {themeButton} from "retryproof/parts/theme";
import {orderCases, variantOf} from "retryproof/report/cases";
import {documentLinks} from "retryproof/report/document_links";
import {applyFilters, cleanFilters} from "retryproof/report/filters";
import {createHome} from "retryproof/report/home";
import {caseHref, documentHref, homeHref, parseRoute} from "retryproof/report/links";

const SCHEMA = "retryproof-page-1";
const TITLE = document.title;

const main = h("main", {class: "page-main", id: "main"});
const state = {index: null, entries: [], byKey: new Map(), home: null, scroll: 0, view: null, turn: 0};

begin();

async function begin() {
    try {
        state.index = await embedded("index");
        if (state.index.schema !== SCHEMA) {
            throw new Error(`these data are ${state.index.schema}, this page reads ${SCHEMA}`);
        }
        state.entries = orderCases(state.index.cases ?? []);
        state.byKey = new Map(state.entries.map((entry) => [entry.key, entry]));
        state.home = createHome(state.index, state.entries);
        document.getElementById("page").append(...frame());
        addEventListener("hashchange", follow);
        document.addEventListener("keydown", onKey);
        await follow();
        performance.mark("retryproof-interactive");
    } catch (error) {
        document.getElementById("page").replaceChildren(h("main", {class: "page-main"}, h("h1", {text: "This report cannot be shown"}), h("p", {text: String(error.message ?? error)})));
        throw error;
    }
}

/* ---- the frame ------------------------------------------------------------------------------------------- */

function frame() {
    const {index} = state;
    const home = onlyDocument(index) === null ? [[homeHref(), index.run === undefined ? "Results" : "Summary"]] : [];
    const links = [...home, ...documentLinks(index.documents).map(({href, title}) => [href, title])];

    return [
        h("a", {class: "skip-link", href: "#main", on: {click: skip}, text: "Skip to the content"}),
        h("header", {class: "page-header"}, h("div", {class: "page-bar"},
            h("a", {class: "page-brand", href: homeHref()}, h("span", {class: "glyph", "aria-hidden": "true", text: "↻ "}), "retryproof"),
            h("nav", {class: "page-nav", "aria-label": "Report"}, h("ul", {}, links.map(([href, text]) => h("li", {}, h("a", {href, text}))))),
            h("span", {class: "page-spacer"}), themeButton())),
        main,
        h("footer", {class: "page-footer"}, `Made by retryproof${index.run === undefined ? "" : ` ${index.run.version}`}. All of it is in this file; nothing is asked of any network.`),
    ];
}

/* The fragment of the address says what is shown, so that the link must not write into it. */
function skip(event) {
    event.preventDefault();
    focusHeading();
}

function markCurrent(href) {
    document.querySelectorAll(".page-nav a").forEach((link) => {
        if (link.getAttribute("href") === href) {
            link.setAttribute("aria-current", "page");
        } else {
            link.removeAttribute("aria-current");
        }
    });
}

/* "/" leads to the text of the filter, as in most places where there is much to look through. */
function onKey(event) {
    const typing = event.target.closest?.("input, select, textarea, dialog") !== null;

    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing && state.view === "home") {
        event.preventDefault();
        state.home.focusText();
    }
}

/* ---- what is shown --------------------------------------------------------------------------------------- */

async function follow() {
    const route = parseRoute(location.hash);
    const turn = ++state.turn; // a later address wins over what is still being read for this one

    leave();
    if (route.view === "home" && onlyDocument(state.index) !== null) {
        await showDocument(onlyDocument(state.index), turn);
    } else if (route.view === "home") {
        showHome(cleanFilters(route.filters));
    } else if (route.view === "case" && state.byKey.has(route.key)) {
        await showCase(state.byKey.get(route.key), cleanFilters(route.filters), turn);
    } else if (route.view === "document" && route.number < state.index.documents.length) {
        await showDocument(route.number, turn);
    } else {
        showNothing(route);
    }
}

/* A page that would hold one link alone leads nowhere: its document is shown in its place. */
function onlyDocument({run, documents}) {
    const links = documentLinks(documents);

    return run === undefined && links.length === 1 ? links[0].number : null;
}

function leave() {
    if (state.view === "home") {
        state.scroll = scrollY;
        state.focused = state.home.element.contains(document.activeElement) ? document.activeElement : null;
    }
}

function enter(view, {title, current}) {
    state.view = view;
    document.title = title === null ? TITLE : `${title} - retryproof`;
    document.body.dataset.view = view;
    markCurrent(current);
}

function showHome(filters) {
    const returning = state.view !== null && state.view !== "home";

    enter("home", {title: null, current: homeHref()});
    if (!main.contains(state.home.element)) {
        main.replaceChildren(state.home.element);
    }
    if (returning) {
        scrollTo(0, state.scroll);
    }
    state.home.show(filters);
    if (returning) {
        (state.focused?.isConnected ? state.focused : main.querySelector("h1")).focus({preventScroll: true});
    }
}

async function showCase(entry, filters, turn) {
    const [{renderCase}, chunk] = await Promise.all([
        import("retryproof/report/case_view"),
        embedded(`cases-${Math.floor(entry.position / state.index.chunk)}`),
    ]);
    if (turn !== state.turn) {
        return;
    }
    const [previous, next] = neighbours(entry, filters);

    enter("case", {title: `${entry.name} (${entry.world})`, current: null});
    renderCase(clear(main), {
        entry,
        detail: chunk[entry.position % state.index.chunk],
        files: state.index.files,
        facts: state.index.facts,
        run: state.index.run,
        previous,
        next,
        back: homeHref(filters),
    });
    scrollTo(0, 0);
    focusHeading();
}

/* Before and behind the case among those that the filter shows. */
function neighbours(entry, filters) {
    const shown = applyFilters(state.entries, filters);
    const at = shown.indexOf(entry);

    return [shown[at - 1], at < 0 ? undefined : shown[at + 1]].map((other) => other && {
        href: caseHref(other.key, filters), name: other.name, differs: other.name === entry.name ? variantOf(other) : ""});
}

async function showDocument(number, turn) {
    const {id, title, schema} = state.index.documents[number];
    const [{renderDocument}, data] = await Promise.all([import("retryproof/report/document_view"), embedded(id)]);

    if (turn !== state.turn) {
        return;
    }
    enter("document", {title, current: documentHref(number)});
    await renderDocument(clear(main), data, {title, schema, number, run: state.index.run, documents: state.index.documents});
    scrollTo(0, 0);
    focusHeading();
}

function showNothing(route) {
    enter("unknown", {title: "Not here", current: null});
    clear(main).append(
        h("h1", {tabindex: "-1", text: "That is not in this report"}),
        h("p", {text: route.view === "case" ? `It holds no case ${route.key}.` : "The address may be of another report, or cut."}),
        h("p", {}, h("a", {href: homeHref(), text: "To the summary"})));
    focusHeading();
}

/* Whoever listens to the page hears the new view's name; whoever goes on by keyboard goes on there. */
function focusHeading() {
    const heading = main.querySelector("h1");

    if (heading !== null) {
        heading.tabIndex = -1;
        heading.focus({preventScroll: true});
    }
}
