// ZwireError: the one error class that crosses rooms. Matching is on `code`, never on text.
import type { ErrorCode } from './error-codes.ts';

/** What a ZwireError carries beside its code and message. */
export interface ZwireErrorOptions {
  /** Facts of the failure, for machines (`--json`) and tests. */
  readonly fields?: Readonly<Record<string, string | number | bigint>>;
  /** What the person can do next, as one or more full sentences or commands. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * A failure with a stable code. `message` says what was tried, on what, and why it failed;
 * `hint` says what to do next. Codes are listed in `error-codes.ts` and docs/errors.md.
 */
export class ZwireError extends Error {
  override readonly name = 'ZwireError';
  readonly code: ErrorCode;
  readonly fields: Readonly<Record<string, string | number | bigint>>;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: ZwireErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fields = options.fields ?? {};
    this.hint = options.hint;
  }
}
