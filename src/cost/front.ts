import type { Constraint } from "./budget.js";

interface Member {
  readonly gain: number;
  readonly costs: readonly number[];
}

/** The best so far: none is at least as likely as another one and uses no more of any constraint. */
export class Front<T extends Member> {
  /** likeliest first */
  private readonly members: T[] = [];
  constructor(private readonly constraints: readonly Constraint[]) {}

  /** @returns whether nothing so far dominates it */
  add(one: T): boolean {
    const { members } = this;
    // the place behind all that are at least as likely: those that may dominate it are before, those it may dominate behind
    let place = 0;
    let high = members.length;
    while (place < high) {
      const middle = (place + high) >> 1;
      if (members[middle].gain >= one.gain) place = middle + 1;
      else high = middle;
    }
    for (let i = place - 1; i >= 0; i--) if (this.usesNoMore(members[i], one)) return false;
    // equals in gain that use more are left: they dominate nothing that the new one does not
    let end = place;
    for (let i = place; i < members.length; i++) if (!this.usesNoMore(one, members[i])) members[end++] = members[i];
    members.length = end;
    members.splice(place, 0, one);
    return true;
  }

  private usesNoMore(a: Member, b: Member): boolean {
    for (const { at, sign } of this.constraints) if (sign * a.costs[at] > sign * b.costs[at]) return false;
    return true;
  }
}
