// Names and assignments of properties, checked before they become words of a command line.
// Native names are lowercase letters, digits and '_' (with `userquota@name` and the like behind them); user
// properties have a ':' and also take '-', '+' and '.' (module/zcommon/zfs_prop.c, zfs_prop_user).
import { ZwireError } from '../bytes/zwire-error.ts';

export type PropertyName = string & { readonly __property: unique symbol };

/** ZAP_MAXNAMELEN without its NUL. */
const PROPERTY_BYTES_MAX = 255;
/** ZAP_MAXVALUELEN without its NUL, which is what a user property may hold. */
export const PROPERTY_VALUE_BYTES_MAX: number = 8191;

const NATIVE = /^[a-z][a-z0-9_]*(?:[@#][A-Za-z0-9_.:@-]+)?$/;
/** ZFS lets a user property begin with '-', which would pass for an option, so we do not. */
const USER = /^[a-z0-9_.+:][a-z0-9_.+:-]*$/;

/** Throws NAME_INVALID for what can be no property. Whether it is one, ZFS says. */
export function parsePropertyName(text: string): PropertyName {
  if (isPropertyName(text)) return text;
  const shown = text.slice(0, 300);
  throw new ZwireError('NAME_INVALID', `${JSON.stringify(shown)} is not the name of a property`, {
    fields: { name: shown, kind: 'property' },
    hint: 'Properties of ZFS look like compression; your own have a colon: org.example:job.',
  });
}

/** Whether it is one of the user's own: those have a colon. */
export function isUserProperty(name: PropertyName): boolean {
  return name.includes(':');
}

/** `name=value` as one word. Throws NAME_INVALID, or ZFS_PROPERTY_INVALID for a value that no property holds. */
export function propertyAssignment(name: string, value: string): `${string}=${string}` {
  const property = parsePropertyName(name);
  if (!value.includes('\0') && Buffer.byteLength(value) <= PROPERTY_VALUE_BYTES_MAX)
    return `${property}=${value}`;
  throw new ZwireError(
    'ZFS_PROPERTY_INVALID',
    `cannot set ${property}: the value is longer than ${PROPERTY_VALUE_BYTES_MAX} bytes, or has a NUL in it`,
    { fields: { property } },
  );
}

function isPropertyName(text: string): text is PropertyName {
  if (Buffer.byteLength(text) > PROPERTY_BYTES_MAX) return false;
  return text.includes(':') && !text.includes('@') ? USER.test(text) : NATIVE.test(text);
}
