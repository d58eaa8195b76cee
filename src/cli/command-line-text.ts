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
  UnsatisfiedPositionalError,
} from '@stricli/core';
import { ZwireError } from '../bytes/zwire-error.ts';
import { renderError } from './render/error-text.ts';
import { usageError } from './usage-error.ts';

/** What is known of the command line that cannot be read. */
export interface TypedCommand {
  /** Where its flags are listed. */
  readonly seeHelp: string;
  /** Another command that has this flag, as people know it. */
  readonly ownerOf: (flag: string) => string | undefined;
}

const ANY_COMMAND: TypedCommand = {
  seeHelp: 'zwire --help, zwire send --help and zwire receive --help list the flags.',
  ownerOf: () => undefined,
};

function parseFailure(failure: ArgumentParseError, seeHelp: string): ZwireError {
  const { exception, externalFlagNameOrPlaceholder: name } = failure;
  // Placeholders of positional arguments are in capitals; flags are not.
  const where = /^[a-z]/.test(name) ? `--${name}` : name;
  if (!(exception instanceof ZwireError)) return usageError(`${where}: ${String(exception)}`, seeHelp);
  return new ZwireError(exception.code, `${where}: ${exception.message}`, {
    fields: { flag: where, ...exception.fields },
    ...(exception.hint === undefined ? {} : { hint: exception.hint }),
    cause: exception,
  });
}

/** The scanner corrects to its own camelCase; here flags are typed with hyphens. */
function typedForm(flag: string): string {
  return flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A ZwireError for whatever the scanner of the command line threw: it names the flag and what to type. */
export function commandLineError(failure: unknown, typed: TypedCommand = ANY_COMMAND): ZwireError {
  const { seeHelp } = typed;
  if (failure instanceof ArgumentParseError) return parseFailure(failure, seeHelp);
  if (failure instanceof FlagNotFoundError) {
    const owner = typed.ownerOf(failure.input);
    if (owner !== undefined) {
      return usageError(`--${failure.input} is a flag of ${owner}, and not of this command`, seeHelp);
    }
    const close = failure.corrections.map((flag) => `--${typedForm(flag)}`).join(' or ');
    return usageError(
      `there is no flag --${failure.input}`,
      close === '' ? seeHelp : `Did you mean ${close}?`,
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
      `Put quotes around names with spaces. ${seeHelp}`,
    );
  }
  if (failure instanceof UnsatisfiedPositionalError) {
    const [, found = 0] = failure.limit ?? [];
    const given = found === 0 ? 'is missing' : 'is not all there';
    return usageError(`${failure.placeholder} ${given}`, seeHelp);
  }
  if (failure instanceof UnsatisfiedFlagError) {
    return usageError(
      `--${failure.externalFlagName} needs a value`,
      failure.externalFlagName === 'from'
        ? "A snapshot: --from @monday\nA bookmark: --from '#monday', in quotes: without them the shell takes it for a comment"
        : seeHelp,
    );
  }
  if (failure instanceof UnexpectedFlagError) {
    return usageError(
      `--${failure.externalFlagName} is given twice: ${failure.previousInput} and ${failure.input}`,
      'Give it once.',
    );
  }
  if (failure instanceof AliasNotFoundError) {
    return usageError(`there is no flag -${failure.input}`, seeHelp);
  }
  if (failure instanceof ArgumentScannerError) {
    return usageError(formatMessageForArgumentScannerError(failure, {}), seeHelp);
  }
  return usageError(`the command line cannot be read: ${String(failure)}`, seeHelp);
}

const plain = { colour: false, debug: false };

/** Texts of the command line in our words and form. Colour is not used: the scanner adds its own otherwise. */
export function commandLineText(typed: TypedCommand = ANY_COMMAND): ApplicationText {
  return {
    ...text_en,
    exceptionWhileParsingArguments: (failure) => renderError(commandLineError(failure, typed), plain),
    noCommandRegisteredForInput: ({ input, corrections }) =>
      renderError(
        usageError(
          `there is no command "${input}"`,
          corrections.length > 0 ? `Did you mean ${corrections.join(' or ')}?` : ANY_COMMAND.seeHelp,
        ),
        plain,
      ),
    exceptionWhileRunningCommand: (failure) => renderError(failure, { ...plain, debug: true }),
    exceptionWhileLoadingCommandFunction: (failure) => renderError(failure, { ...plain, debug: true }),
  };
}
