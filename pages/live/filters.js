/**
 * Which exchanges are listed: the form, and how its state stands in the address, so that a view can be bookmarked and sent.
 */
import {h} from "retryproof/parts/dom";
import {STAGES, stageMeaning} from "retryproof/parts/words";

export const FILTERS = ["retried", "stage", "cause", "status", "route"];

/**
 * What the fragment of the address says: "#/request/17?stage=dial".
 *
 * @param {string} hash
 * @returns {{request: number|null, filters: Object<string, string>}}
 */
export function readHash(hash) {
    const [path, query] = hash.replace(/^#/, "").split("?");
    const id = /^\/request\/([0-9]+)$/.exec(path)?.[1];
    const parameters = new URLSearchParams(query ?? "");
    const filters = {};

    for (const name of FILTERS) {
        if (parameters.get(name)) {
            filters[name] = parameters.get(name);
        }
    }
    return {request: id === undefined ? null : Number(id), filters};
}

/** The other way round. */
export function writeHash({request, filters}) {
    const query = new URLSearchParams(FILTERS.filter((name) => filters[name]).map((name) => [name, filters[name]])).toString();

    return `#/${request === null ? "" : `request/${request}`}${query === "" ? "" : `?${query}`}`;
}

/**
 * The form. Every change is told at once; words are not checked here, for the proxy names the nearest right one.
 *
 * @param {(filters: Object<string, string>) => void} onChange
 */
export function createFilters(onChange) {
    const causes = h("datalist", {id: "filter-causes"});
    const routes = h("datalist", {id: "filter-routes"});
    const fields = {
        retried: choice("retried", [["", "retried or not"], ["true", "retried"], ["false", "not retried"]]),
        stage: choice("stage", [["", "any stage"], ...Array.from(STAGES.keys(), (stage) => [stage, stage])]),
        cause: input("cause", {list: "filter-causes", placeholder: "any cause", size: "22"}),
        status: input("status", {inputmode: "numeric", placeholder: "any", size: "5"}),
        route: input("route", {list: "filter-routes", placeholder: "any route", size: "12"}),
    };
    const clearButton = h("button", {class: "button", type: "reset", text: "Clear filters"});
    const element = h("form", {
        class: "live-filters", role: "search", "aria-label": "Filter exchanges", novalidate: true,
        on: {
            change: tell,
            submit: (event) => { event.preventDefault(); tell(); },
            reset: (event) => { event.preventDefault(); onChange({}); },
        },
    },
        field("Retries", fields.retried), field("Failed at", fields.stage), field("Cause", fields.cause),
        field("Status", fields.status), field("Route", fields.route), clearButton, causes, routes);

    for (const option of fields.stage.options) {
        option.title = stageMeaning(option.value);
    }
    return {element, show, offer};

    function tell() {
        onChange(Object.fromEntries(FILTERS.map((name) => [name, fields[name].value.trim()]).filter(([, value]) => value !== "")));
    }

    function show(filters) {
        for (const name of FILTERS) {
            fields[name].value = filters[name] ?? "";
        }
        clearButton.disabled = Object.keys(filters).length === 0;
    }

    /** Words that a field proposes: causes that were counted, routes that there are. */
    function offer({causes: words, routes: names}) {
        propose(causes, words);
        propose(routes, names);
    }
}

function propose(list, words) {
    const offered = Array.from(list.options, (option) => option.value);

    if (words !== undefined && words.join() !== offered.join()) {
        list.replaceChildren(...words.map((word) => h("option", {value: word})));
    }
}

function choice(name, options) {
    return h("select", {id: `filter-${name}`, name}, ...options.map(([value, text]) => h("option", {value, text})));
}

function input(name, properties) {
    return h("input", {id: `filter-${name}`, name, type: "text", autocomplete: "off", spellcheck: "false", ...properties});
}

function field(label, control) {
    return h("div", {class: "field"}, h("label", {for: control.id, text: label}), control);
}
