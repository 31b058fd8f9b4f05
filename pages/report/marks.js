/**
 * Which step is looked at: the timeline and the wire log show the same one, whoever was asked.
 */

/**
 * @returns {{mark: (number: number|null, source: string) => void, listen: (listener: (number: number|null, source: string) => void) => void}}
 */
export function createMarks() {
    const listeners = [];
    let marked = null;

    return {
        mark(number, source) {
            if (number === marked) {
                return;
            }
            marked = number;
            listeners.forEach((listener) => listener(number, source));
        },
        listen(listener) {
            listeners.push(listener);
        },
    };
}

/** Scrolls within one element, so that the page itself stays where it is. */
export function scrollWithin(scroller, element) {
    const outer = scroller.getBoundingClientRect();
    const inner = element.getBoundingClientRect();

    if (inner.top < outer.top + inner.height * 2 || inner.bottom > outer.bottom) {
        scroller.scrollTop += inner.top - outer.top - (outer.height - inner.height) / 2;
    }
}
