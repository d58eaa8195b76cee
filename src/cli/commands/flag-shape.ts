// The two shapes that nearly all flags have: on or absent, and one value or absent.

export interface Toggle {
  readonly kind: 'boolean';
  readonly optional: true;
  readonly withNegated: false;
  readonly brief: string;
}

export interface Value<T> {
  readonly kind: 'parsed';
  readonly parse: (text: string) => T;
  readonly optional: true;
  readonly placeholder: string;
  readonly brief: string;
}

export function toggle(brief: string): Toggle {
  return { kind: 'boolean', optional: true, withNegated: false, brief };
}

export function value<T>(parse: (text: string) => T, placeholder: string, brief: string): Value<T> {
  return { kind: 'parsed', parse, optional: true, placeholder, brief };
}
