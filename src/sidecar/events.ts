import type { SidecarEvent } from '../protocol';

/** As many events are kept for a listener that was away. */
const REMEMBERED = 256;

/** An event with its number: from 1 on, each one more than the one before. */
export interface NumberedEvent {
  readonly id: number;
  readonly event: SidecarEvent;
}

/** Hands each event to everybody who listens at that moment, and remembers the last ones for who listens late. */
export class EventBus {
  private readonly listeners = new Set<(numbered: NumberedEvent) => void>();
  private remembered: NumberedEvent[] = [];
  private last = 0;

  /**
   * Events from now on.
   * @param after first of all those that are remembered with a higher number
   * @returns the function that ends the subscription
   */
  subscribe(listener: (numbered: NumberedEvent) => void, after = this.last): () => void {
    this.remembered.filter(({ id }) => id > after).forEach(listener);
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  publish(event: SidecarEvent): void {
    const numbered = { id: ++this.last, event };
    this.remembered = [...this.remembered.slice(1 - REMEMBERED), numbered];
    for (const listener of this.listeners) {
      listener(numbered);
    }
  }
}
