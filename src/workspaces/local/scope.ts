import { parentOf, type Rel } from './paths';

/** The part of a tree that an operation is about: some paths with all below them, or everything. */
export class Scope {
  static readonly everything = new Scope(null);

  private readonly chosen: Set<Rel>;
  private readonly above = new Set<Rel>();

  constructor(readonly paths: readonly Rel[] | null) {
    this.chosen = new Set(paths ?? ['']);
    for (const path of this.chosen) {
      for (let at = path; at !== '';) {
        at = parentOf(at);
        this.above.add(at);
      }
    }
  }

  get whole(): boolean {
    return this.paths === null;
  }

  /** The path is one of them or below one. */
  holds(path: Rel): boolean {
    for (let at = path; ; at = parentOf(at)) {
      if (this.chosen.has(at)) {
        return true;
      }
      if (at === '') {
        return false;
      }
    }
  }

  /** The path is a folder on the way to one of them. */
  leadsBy(path: Rel): boolean {
    return this.above.has(path);
  }
}
