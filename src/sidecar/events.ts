import type { SidecarEvent } from '../protocol';

/** Hands each event to everybody who listens at that moment. */
export class EventBus {
  private readonly listeners = new Set<(event: SidecarEvent) => void>();

  /** Returns the function that ends the subscription. */
  subscribe(listener: (event: SidecarEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  publish(event: SidecarEvent): void {
    for (const listener of this.listeners) {
      listener(event);
    }
  }
}
