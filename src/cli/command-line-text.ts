// What is said when the command line itself cannot be read. Everything else is said by render/.
import {
  AliasNotFoundError,
  ArgumentParseError,
  type ApplicationText,
  EnumValidationError,
  FlagNotFoundError,
  formatMessageForArgumentScannerError,
  ArgumentScannerError,
  text_en,
  UnexpectedFlagError,
  UnexpectedPositionalError,
  UnsatisfiedFlagError,
} from '@stricli/core';
import { ZwireError } from '../bytes/zwire-error.ts';
import { renderError } from './render/error-text.ts';
import { usageError } from './usage-error.ts';

const SEE_HELP = 'zwire --help, zwire send --help and zwire receive --help list the flags.';

function parseFailure(failure: ArgumentParseError): ZwireError {
  const { exception, externalFlagNameOrPlaceholder: name } = failure;
  // Placeholders of positional arguments are in capitals; flags are not.
  const where = /^[a-z]/.test(name) ? `--${name}` : name;
  if (!(exception instanceof ZwireError)) return usageError(`${where}: ${String(exception)}`, SEE_HELP);
  return new ZwireError(exception.code, `${where}: ${exception.message}`, {
    fields: { flag: where, ...exception.fields },
    ...(exception.hint === undefined ? {} : { hint: exception.hint }),
    cause: exception,
  });
}

/** A ZwireError for whatever the scanner of the command line threw: it names the flag and what to type. */
export function commandLineError(failure: unknown): ZwireError {
  if (failure instanceof ArgumentParseError) return parseFailure(failure);
  if (failure instanceof FlagNotFoundError) {
    const close = failure.corrections.map((flag) => `--${flag}`).join(' or ');
    return usageError(
      `there is no flag --${failure.input}`,
      close === '' ? SEE_HELP : `Did you mean ${close}?`,
    );
  }
  if (failure instanceof EnumValidationError) {
    return new ZwireError(
      'FLAG_MALFORMED',
      `--${failure.externalFlagName}: "${failure.input}" is not known`,
      {
        fields: { flag: `--${failure.externalFlagName}`, value: failure.input },
        hint: `It takes ${failure.values.join(' or ')}.`,
      },
    );
  }
  if (failure instanceof UnexpectedPositionalError) {
    return usageError(
      `"${failure.input}" is one argument too many`,
      `Put quotes around names with spaces. ${SEE_HELP}`,
    );
  }
  if (failure instanceof UnsatisfiedFlagError) {
    return usageError(
      `--${failure.externalFlagName} needs a value`,
      failure.externalFlagName === 'from'
        ? "A snapshot: --from @monday\nA bookmark: --from '#monday', in quotes: without them the shell takes it for a comment"
        : SEE_HELP,
    );
  }
  if (failure instanceof UnexpectedFlagError) {
    return usageError(
      `--${failure.externalFlagName} is given twice: ${failure.previousInput} and ${failure.input}`,
      'Give it once.',
    );
  }
  if (failure instanceof AliasNotFoundError) {
    return usageError(`there is no flag -${failure.input}`, SEE_HELP);
  }
  if (failure instanceof ArgumentScannerError) {
    return usageError(formatMessageForArgumentScannerError(failure, {}), SEE_HELP);
  }
  return usageError(`the command line cannot be read: ${String(failure)}`, SEE_HELP);
}

const plain = { colour: false, debug: false };

/** Texts of the command line in our words and form. Colour is not used: the scanner adds its own otherwise. */
export const COMMAND_LINE_TEXT: ApplicationText = {
  ...text_en,
  exceptionWhileParsingArguments: (failure) => renderError(commandLineError(failure), plain),
  noCommandRegisteredForInput: ({ input, corrections }) =>
    renderError(
      usageError(
        `there is no command "${input}"`,
        corrections.length > 0 ? `Did you mean ${corrections.join(' or ')}?` : SEE_HELP,
      ),
      plain,
    ),
  exceptionWhileRunningCommand: (failure) => renderError(failure, { ...plain, debug: true }),
  exceptionWhileLoadingCommandFunction: (failure) => renderError(failure, { ...plain, debug: true }),
};
