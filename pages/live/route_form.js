/**
 * How often a route tries again, told and changed while the proxy runs.
 */
import {clear, h} from "retryproof/parts/dom";
import {ask, changeRoute, routePath} from "retryproof/live/admin";

/**
 * @returns {{element: HTMLElement, refresh: () => Promise<string[]>}} refresh() asks which routes there are and tells their names
 */
export function createRouteForm() {
    const choice = h("select", {id: "route-name", name: "route", on: {change: () => load()}});
    const field = h("input", {
        id: "route-retries", name: "max_retries", type: "text", inputmode: "numeric", autocomplete: "off", size: "6",
        "aria-describedby": "route-answer",
    });
    const button = h("button", {class: "button primary", type: "submit", text: "Apply"});
    const answer = h("p", {id: "route-answer", class: "route-answer", role: "status"});
    const settings = h("dl", {class: "facts"});
    const form = h("form", {class: "route-form", novalidate: true, on: {submit: apply}},
        h("div", {class: "field"}, h("label", {for: "route-name", text: "Route"}), choice),
        h("div", {class: "field"}, h("label", {for: "route-retries", text: "max_retries"}), field),
        button, answer);
    const element = h("section", {class: "live-routes card", "aria-labelledby": "routes-title"},
        h("h2", {id: "routes-title", text: "Routes"}),
        h("p", {class: "lead", text: "How often a failed attempt may be tried again. A change holds for requests that begin later; it is not "
            + "written to the configuration file, and a SIGHUP or a restart brings back what stands there."}),
        form,
        h("details", {class: "route-settings"}, h("summary", {text: "All settings of this route"}), settings));

    return {element, refresh};

    async function refresh() {
        const {value} = await ask("api/routes");
        const names = value?.routes ?? [];

        if (names.join("\n") !== Array.from(choice.options, (option) => option.value).join("\n")) {
            const chosen = choice.value;
            clear(choice).append(...names.map((name) => h("option", {value: name, text: name})));
            choice.value = names.includes(chosen) ? chosen : names[0] ?? "";
            await load();
        }
        return names;
    }

    async function load() {
        say("", "none");
        try {
            const {value, error} = await ask(routePath(choice.value));
            if (error !== null) {
                say(error, "bad");
            } else {
                show(value);
            }
        } catch {
            say("The proxy does not answer.", "bad");
        }
    }

    function show(route) {
        field.value = String(route.max_retries);
        clear(settings).append(...Object.entries(route).map(([name, value]) =>
            h("div", {class: "fact"}, h("dt", {text: name}), h("dd", {text: inWords(value)}))));
    }

    /* What may be asked for is the proxy's to say: its sentence is shown. */
    async function apply(event) {
        event.preventDefault();
        button.disabled = true;
        try {
            const {value, error} = await changeRoute(choice.value, {max_retries: numberOrText(field.value.trim())});
            if (error === null) {
                show(value);
            }
            field.setAttribute("aria-invalid", String(error !== null));
            say(withoutPlace(error) ?? `${choice.value} has max_retries ${value.max_retries} from now on.`, error === null ? "good" : "bad");
        } catch {
            say("The proxy does not answer; nothing is known of the change.", "bad");
        }
        button.disabled = false;
    }

    function say(sentence, tone) {
        const glyph = {good: "✓ ", bad: "✗ ", none: ""}[tone];

        answer.dataset.tone = tone;
        answer.textContent = sentence === "" ? "" : glyph + sentence;
    }
}

function numberOrText(text) {
    return /^-?[0-9]+$/.test(text) ? Number(text) : text;
}

/* Where in the body of the page's own request a value stands says nothing to who wrote it into a field. */
function withoutPlace(error) {
    return error === null ? null : error.replace(/^body:\d+:\d+: /, "");
}

/* A time of 0 is off, and so is a back-off that begins with one (docs/retries.md). */
function inWords(value) {
    if (value === "0s" || value?.base === "0s") {
        return "off";
    }
    return typeof value === "string" ? value : JSON.stringify(value);
}
