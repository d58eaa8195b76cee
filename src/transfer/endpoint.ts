// Where a transfer goes to or comes from; see link/link.ts.
export type { LinkOptions } from '../link/link.ts';
