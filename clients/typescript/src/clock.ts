/** The clock of the gateway, from the `Date` of its answers. That of a device may be wrong, and what has not happened yet is refused. */

const SLOWEST_MS = 10_000; // what took longer, as of a device that slept meanwhile, says too little
const STEP_MS = 1_000; // more between the two clocks of a device: it was set, or slept

interface Moment {
  wall: number;
  monotonic: number;
}

export class GatewayClock {
  private offset: number | undefined; // ms from the device's clock to the gateway's
  private learned = read();

  get known(): boolean {
    return this.offset !== undefined;
  }

  /** Milliseconds since 1970 by the gateway's clock, unless it is unknown or the device's was set since it was learned. */
  now(): number | undefined {
    const { wall, monotonic } = read();
    const step = wall - this.learned.wall - (monotonic - this.learned.monotonic);
    return this.offset === undefined || Math.abs(step) > STEP_MS ? undefined : wall + this.offset;
  }

  /** A moment of the device's clock by the gateway's, as far as that is known, and never in the future. */
  corrected(moment: number): number {
    return this.offset === undefined ? moment : Math.min(moment, Date.now()) + this.offset;
  }

  /** Begin a request. What is returned is told of its answer. */
  ask(): (answer: Response) => void {
    const asked = read();
    return (answer) => this.learn(asked, Date.parse(answer.headers.get("Date") ?? ""));
  }

  /** `Date` has whole seconds, and was written between the request and now: a device that may be right keeps its own time. */
  private learn(asked: Moment, told: number): void {
    const heard = read();
    if (Number.isNaN(told) || heard.wall - asked.wall > SLOWEST_MS) return;
    const [least, most] = [told - heard.wall, told + 1_000 - asked.wall];
    this.offset = least <= 0 && most >= 0 ? 0 : (least + most) / 2;
    this.learned = heard;
  }
}

function read(): Moment {
  return { wall: Date.now(), monotonic: performance.now() };
}
