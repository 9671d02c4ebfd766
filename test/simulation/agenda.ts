/** Something that happens at `due`, in milliseconds, for a host, unless it was cancelled. */
export type Entry<H> = {
  due: number;
  readonly what: string;
  readonly host: H | null;
  readonly go: () => void;
  cancelled: boolean;
};

/** What is to happen, earliest first; of what is due at once what was planned first. A binary heap. */
export class Agenda<H> {
  readonly #heap: { readonly order: number; readonly entry: Entry<H> }[] = [];
  #orders = 0;

  add(entry: Entry<H>): void {
    const heap = this.#heap;
    heap.push({ order: this.#orders++, entry });
    for (let at = heap.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  next(): Entry<H> | null {
    for (;;) {
      const top = this.#take();
      if (top?.cancelled !== true) return top;
    }
  }

  #take(): Entry<H> | null {
    const heap = this.#heap;
    const [top] = heap;
    const last = heap.pop();
    if (top === undefined || last === undefined) return null;
    if (heap.length === 0) return top.entry;
    heap[0] = last;
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let least = at;
      if (left < heap.length && this.#isBefore(left, least)) least = left;
      if (right < heap.length && this.#isBefore(right, least)) least = right;
      if (least === at) return top.entry;
      this.#swap(at, least);
      at = least;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [first, second] = [this.#heap[a]!, this.#heap[b]!];
    return first.entry.due === second.entry.due ? first.order < second.order : first.entry.due < second.entry.due;
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap;
    [heap[a], heap[b]] = [heap[b]!, heap[a]!];
  }
}
