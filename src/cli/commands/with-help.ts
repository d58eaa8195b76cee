// A command or a group of commands with our own help page in place of the scanner's.
import { type HelpPage, helpPage } from '../render/help-page.ts';

/** The part of the scanner's targets that prints help; commands and route maps both have it. */
interface Helpful {
  readonly formatHelp: (args: never) => string;
}

/** The scanner tells whether its standard output takes colour, which is bold type here. */
interface HelpRequest {
  readonly ansiColor: boolean;
}

export function withHelp<T extends Helpful>(target: T, page: HelpPage): T {
  return { ...target, formatHelp: ({ ansiColor }: HelpRequest) => helpPage(page, ansiColor) };
}
