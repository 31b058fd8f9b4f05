/**
 * Elements are made here and nowhere else: text that comes from data becomes a text node, never markup.
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. Properties: class (text, or a list of texts and falsy values), text, on ({click: listener}), data ({name: value});
 * anything else is an attribute: true is an attribute without a value, false, null and undefined are none.
 * Children: nodes, texts and numbers, lists of these; false, null and undefined are none.
 *
 * @param {string} tag
 * @param {Object<string, any>} [properties]
 * @param {...any} children
 * @returns {HTMLElement}
 */
export function h(tag, properties, ...children) {
    return fill(document.createElement(tag), properties, children);
}

/**
 * The same for an element of SVG.
 *
 * @param {string} tag
 * @param {Object<string, any>} [properties]
 * @param {...any} children
 * @returns {SVGElement}
 */
export function svg(tag, properties, ...children) {
    return fill(document.createElementNS(SVG, tag), properties, children);
}

/** Takes all children out of an element. Returns it. */
export function clear(node) {
    node.replaceChildren();
    return node;
}

/**
 * A button that puts a text on the clipboard and says so.
 *
 * @param {string} text what is copied
 * @param {string} label what the button says: "Copy the command"
 * @returns {HTMLButtonElement}
 */
export function copyButton(text, label) {
    const said = h("span", {class: "copy-said", role: "status"});
    const button = h("button", {class: "button copy", type: "button", on: {click: copy}}, label);
    return h("span", {class: "copy-group"}, button, said);

    async function copy() {
        said.textContent = (await putOnClipboard(text)) ? "Copied" : "Select it and copy it by hand";
        setTimeout(() => (said.textContent = ""), 2500);
    }
}

/**
 * A text to be copied, in a box with its button.
 *
 * @param {string} text
 * @param {string} label what the button says
 * @returns {HTMLElement}
 */
export function copyBox(text, label) {
    return h("div", {class: "copy-box"}, h("pre", {tabindex: "0"}, h("code", {text})), copyButton(text, label));
}

function fill(element, properties, children) {
    for (const [name, value] of Object.entries(properties ?? {})) {
        setProperty(element, name, value);
    }
    append(element, children);
    return element;
}

function setProperty(element, name, value) {
    if (value === undefined || value === null || value === false) {
        return;
    }
    if (name === "text") {
        element.textContent = value;
    } else if (name === "class") {
        element.setAttribute("class", [value].flat().filter(Boolean).join(" "));
    } else if (name === "on") {
        Object.entries(value).forEach(([event, listener]) => element.addEventListener(event, listener));
    } else if (name === "data") {
        Object.entries(value).forEach(([key, text]) => (element.dataset[key] = text));
    } else {
        element.setAttribute(name, value === true ? "" : value);
    }
}

function append(element, children) {
    for (const child of children) {
        if (Array.isArray(child)) {
            append(element, child);
        } else if (child !== undefined && child !== null && child !== false) {
            element.append(child);
        }
    }
}

/* A browser may forbid the clipboard to a page from a disk; then the old way is tried. */
async function putOnClipboard(text) {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        return copyBySelection(text);
    }
}

function copyBySelection(text) {
    const before = document.activeElement;
    const area = h("textarea", {class: "visually-hidden", "aria-hidden": "true", tabindex: "-1"});
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    before?.focus?.({preventScroll: true});
    return copied;
}
