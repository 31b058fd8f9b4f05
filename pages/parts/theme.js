/**
 * Light or dark: as the reader's system is set, until the reader says otherwise.
 */
import {h} from "retryproof/parts/dom";

const KEY = "retryproof-theme";
const THEMES = ["system", "light", "dark"];
const GLYPHS = {system: "◐", light: "☀", dark: "☾"};

/**
 * A button that goes on to the next of system, light and dark, and remembers it.
 *
 * @returns {HTMLButtonElement}
 */
export function themeButton() {
    const glyph = h("span", {"aria-hidden": "true"});
    const word = h("span", {});
    const button = h("button", {class: "button theme-button", type: "button", on: {click: change}}, glyph, word);
    let theme = remembered();

    show();
    return button;

    function change() {
        theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
        remember(theme);
        show();
    }

    function show() {
        if (theme === "system") {
            delete document.documentElement.dataset.theme;
        } else {
            document.documentElement.dataset.theme = theme;
        }
        glyph.textContent = GLYPHS[theme];
        word.textContent = `Theme: ${theme}`;
    }
}

/* A browser may keep nothing for a page from a disk; then it is kept as long as the page is open. */
function remembered() {
    try {
        const theme = localStorage.getItem(KEY);
        return THEMES.includes(theme) ? theme : "system";
    } catch {
        return "system";
    }
}

function remember(theme) {
    try {
        localStorage.setItem(KEY, theme);
    } catch {
        // nothing to do: the page shows it all the same
    }
}
