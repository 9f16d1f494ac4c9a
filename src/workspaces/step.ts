/**
 * Called before every change on disk. Tests put a hook here to end the process at any of them; nothing else does.
 * `name` says what comes next.
 */
let hook: (name: string) => void = () => undefined;

export function setStepHook(next: (name: string) => void): void {
  hook = next;
}

export function step(name: string): void {
  hook(name);
}
