// Two network namespaces joined by a veth pair, with the addresses of the benchmark range, made for one test
// and gone with it. Works as root, and without through a user namespace. Nothing has a global name, so labs
// run beside each other.
//
//   a: vza 198.18.0.1 46:dc:e7:58:d0:a2  ----------------------------  b: vzb 198.18.0.2 e2:ff:48:6e:a9:fe
//   with a middle:                      vza - vma [middle] vmb - vzb
import { MessageType } from '../../src/wire/segment.ts';
import { Side } from './side.ts';

export interface LabOptions {
  /** MTU of every link, bytes (default 9000). */
  readonly mtuBytes?: number;
  /** What stands between the two sides: nothing, a bridge (a switch), or two loose ends for a relay program. */
  readonly middle?: 'none' | 'bridge' | 'relay';
  /** Make a user namespace although we are root. */
  readonly userNamespace?: boolean;
}

const A = { interface: 'vza', ip: '198.18.0.1', mac: '46:dc:e7:58:d0:a2' };
const B = { interface: 'vzb', ip: '198.18.0.2', mac: 'e2:ff:48:6e:a9:fe' };
const MIDDLE = { interface: 'vma', ip: '', mac: '02:00:00:00:00:0a' };

/** Longest time a veth pair may take to report that it is up. */
const LINK_UP_TIMEOUT_MS = 10_000;

/** Two sides and perhaps a middle. Close it in afterEach, or declare it with `await using`. */
export class Lab implements AsyncDisposable {
  readonly a: Side;
  readonly b: Side;
  readonly #middle: Side | undefined;

  private constructor(a: Side, b: Side, middle: Side | undefined) {
    this.a = a;
    this.b = b;
    this.#middle = middle;
  }

  static async open(options: LabOptions = {}): Promise<Lab> {
    const own = options.userNamespace === true || process.getuid?.() !== 0;
    const withMiddle = options.middle !== undefined && options.middle !== 'none';
    const sides: Side[] = [];
    try {
      const a = await Side.open(A, own ? 'own' : 'none');
      sides.push(a);
      const b = await Side.open(B, own ? a : 'none');
      sides.push(b);
      const middle = withMiddle ? await Side.open(MIDDLE, own ? a : 'none') : undefined;
      if (middle) sides.push(middle);
      const lab = new Lab(a, b, middle);
      await lab.#join(options.mtuBytes ?? 9000, options.middle === 'bridge');
      return lab;
    } catch (error) {
      await Promise.all(sides.map((side) => side.close()));
      throw error;
    }
  }

  /** The namespace between the two, for a lab that has one. */
  get middle(): Side {
    if (!this.#middle) throw new Error('this lab has no middle');
    return this.#middle;
  }

  get sides(): Side[] {
    return this.#middle ? [this.a, this.b, this.#middle] : [this.a, this.b];
  }

  /** Drops `percent` of the datagrams to `port` that reach side b, before any packet socket sees them. */
  async loseAtB(percent: number, port = 1337): Promise<void> {
    await this.b.run(
      ['nft', '-f', '-'],
      `table netdev loss {
         chain ingress {
           type filter hook ingress device "${this.b.interface}" priority 0; policy accept;
           udp dport ${port} numgen random mod 1000 < ${Math.round(percent * 10)} counter drop
         }
       }\n`,
    );
  }

  /** Packets that loseAtB dropped so far. */
  async lostAtB(): Promise<number> {
    const listing = await this.b.run(['nft', 'list', 'table', 'netdev', 'loss']);
    return Number(/counter packets (\d+)/.exec(listing)?.[1] ?? 0);
  }

  /**
   * Drops `percent` of what passes the middle, both ways. Returns how to ask how many DATA segments of those that go
   * to `port` were dropped: single datagrams, when side a makes them.
   */
  async loseInMiddle(percent: number, port = 1337): Promise<() => Promise<number>> {
    const share = `numgen random mod 1000 < ${Math.round(percent * 10)}`;
    // The fourth byte of a segment is its type, behind the 8 bytes of the UDP header.
    const isData = `@th,88,8 ${MessageType.data}`;
    await this.middle.run(
      ['nft', '-f', '-'],
      `table netdev loss {
         chain from_a {
           type filter hook ingress device "vma" priority 0; policy accept;
           udp dport ${port} ${isData} ${share} counter drop
           udp dport ${port} @th,88,8 != ${MessageType.data} ${share} drop
         }
         chain from_b {
           type filter hook ingress device "vmb" priority 0; policy accept;
           udp sport ${port} ${share} drop
         }
       }\n`,
    );
    return async () => {
      const listing = await this.middle.run(['nft', 'list', 'table', 'netdev', 'loss']);
      return Number(/counter packets (\d+)/.exec(listing)?.[1] ?? 0);
    };
  }

  /** Makes both ends cut super-frames into single datagrams with full checksums before they leave. */
  async withoutOffloads(): Promise<void> {
    for (const side of [this.a, this.b])
      await side.run(['ethtool', '-K', side.interface, 'tx-udp-segmentation', 'off', 'tx', 'off']);
  }

  /** Makes side a's super-frames leave as single datagrams, so that a loss takes one of them, not 64 KB. */
  async singleDatagrams(): Promise<void> {
    await this.a.run(['ethtool', '-K', this.a.interface, 'tx-udp-segmentation', 'off']);
  }

  /** Processes left in any of the namespaces, programs that still run included. */
  processes(): string[] {
    return this.sides.flatMap((side) => side.processes());
  }

  async close(): Promise<void> {
    await Promise.all(this.sides.map((side) => side.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #join(mtuBytes: number, bridge: boolean): Promise<void> {
    const { a, b } = this;
    const middle = this.#middle;
    if (middle) {
      await pair(a, a.interface, middle, 'vma', mtuBytes);
      await pair(b, b.interface, middle, 'vmb', mtuBytes);
      const ports = bridge
        ? ['link add br0 type bridge', 'link set vma master br0', 'link set vmb master br0']
        : [];
      if (bridge) ports.push(`link set br0 mtu ${mtuBytes} up`);
      await batch(middle, [...ports, 'link set vma up', 'link set vmb up']);
    } else {
      await pair(a, a.interface, b, b.interface, mtuBytes);
    }
    for (const side of [a, b]) await batch(side, address(side));
    for (const side of [a, b]) await linkUp(side);
  }
}

const address = (side: Side): string[] => [
  `link set ${side.interface} address ${side.mac}`,
  `addr add ${side.ip}/30 dev ${side.interface}`,
  'link set lo up',
  `link set ${side.interface} up`,
];

async function pair(
  left: Side,
  leftName: string,
  right: Side,
  rightName: string,
  mtuBytes: number,
): Promise<void> {
  await batch(left, [
    `link add ${leftName} mtu ${mtuBytes} type veth peer name ${rightName} mtu ${mtuBytes} netns ${right.holderPid}`,
  ]);
}

async function batch(side: Side, commands: readonly string[]): Promise<void> {
  await side.run(['ip', '-batch', '-'], `${commands.join('\n')}\n`);
}

/** The kernel reports a new link as up a moment after both ends are: wait for its word, not for a time. */
async function linkUp(side: Side): Promise<void> {
  const giveUp = Date.now() + LINK_UP_TIMEOUT_MS;
  for (;;) {
    const shown = await side.run(['ip', '-br', 'link', 'show', 'dev', side.interface]);
    if (/\sUP\s/.test(shown)) return;
    if (Date.now() > giveUp) throw new Error(`${side.interface} did not come up: ${shown}`);
  }
}
