// --locale, kept from the seed: checked to be a locale, and otherwise without effect (messages are English).
import { malformed } from './malformed.ts';

const EXAMPLE = 'C, C.UTF-8, en_US.UTF-8 or en-US';
const POSIX = /^(?:C|POSIX|[a-z]{2,3}(?:_[A-Z]{2})?)(?:\.[A-Za-z0-9-]{1,20})?(?:@[a-z]{1,20})?$/;

/** A POSIX locale name or a BCP 47 tag, returned as given. @throws ZwireError FLAG_MALFORMED */
export function parseLocale(text: string): string {
  if (POSIX.test(text)) return text;
  try {
    Intl.getCanonicalLocales(text);
    return text;
  } catch {
    throw malformed(text, 'a locale', EXAMPLE);
  }
}
