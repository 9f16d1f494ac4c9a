/** What a test of the front end needs of a page: attach, look, act, wait. */
import { Widget } from '@lumino/widgets';

export function show(widget: Widget): void {
  Widget.attach(widget, document.body);
}

/** React draws in its own time. Resolves with what `look` finds, or fails with what the page says instead. */
export async function until<T>(look: () => T | null | undefined | false): Promise<T> {
  for (let waited = 0; waited < 15000; waited += 10) {
    const found = look();
    if (found) {
      return found;
    }
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  throw new Error(`Nothing came of ${look.toString()}; the page says: ${document.body.textContent}`);
}

export function one<E extends Element = HTMLElement>(root: ParentNode, selector: string): E {
  const found = root.querySelectorAll<E>(selector);
  if (found.length !== 1) {
    throw new Error(`${found.length} elements match ${selector} in ${document.body.innerHTML}`);
  }
  return found[0];
}

/** The button, radio button or other labelled control of this name. */
export function control<E extends HTMLElement = HTMLElement>(root: ParentNode, name: string): E {
  const all = [...root.querySelectorAll<E>('button, input, select, summary, [aria-label]')];
  const found = all.filter(element => nameOf(element) === name);
  if (found.length === 0) {
    throw new Error(`No control is called ${name}; there are ${all.map(nameOf).join(', ')}.`);
  }
  return found[0];
}

/** Type or drag: React listens to the native event behind its own. */
export function setValue(input: HTMLInputElement | HTMLSelectElement, value: string): void {
  const prototype = input instanceof HTMLSelectElement ? HTMLSelectElement.prototype : HTMLInputElement.prototype;
  Object.getOwnPropertyDescriptor(prototype, 'value')?.set?.call(input, value);
  input.dispatchEvent(new Event(input instanceof HTMLSelectElement ? 'change' : 'input', { bubbles: true }));
}

function nameOf(element: HTMLElement): string {
  const label = element instanceof HTMLInputElement || element instanceof HTMLSelectElement ? element.labels?.[0] : null;
  return (element.getAttribute('aria-label') ?? label?.textContent ?? element.textContent ?? '').trim();
}
