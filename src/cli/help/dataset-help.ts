// Help of the commands that list and change datasets of this host, all but their flags.
import type { HelpPage } from '../render/help-page.ts';

export const LIST_HELP: HelpPage = {
  purpose:
    'List datasets, snapshots and bookmarks: type, guid, createtxg and name, a line each, while ZFS prints them.\n\n' +
    'The guid is the same on every host that a snapshot was sent to; createtxg is the order within a pool.',
  usage: ['zwire list [DATASET] [--type TYPES] [--depth N] [--properties NAMES] [--json]'],
  examples: [
    ['Everything in all pools:', 'zwire list'],
    [
      'The snapshots of one dataset, with what they alone use:',
      'zwire list tank/data --depth 1 --type snapshot --properties used,creation',
    ],
    ['For programs:', 'zwire list tank --type all --json'],
  ],
};

export const SNAPSHOT_HELP: HelpPage = {
  purpose:
    'Take snapshots, and print their names.\n\n' +
    'Without a name after the @ it is called zwire- and the time in UTC. Several whole names of one pool are\n' +
    'taken at the same moment, all or none.',
  usage: ['zwire snapshot DATASET[@NAME]... [-r] [--property NAME=VALUE]... [--json]'],
  examples: [
    ['One, named for you:', 'zwire snapshot tank/data'],
    ['Of a whole tree:', 'zwire snapshot tank@nightly -r'],
    ['Marked for a job of yours:', 'zwire snapshot tank/data@monday --property org.example:job=nightly'],
  ],
};

export const DESTROY_HELP: HelpPage = {
  purpose:
    'Destroy snapshots and bookmarks, any number, or one dataset.\n\n' +
    'Nothing goes without --yes; --dry-run says what would. A snapshot that is held or cloned stays, and keeps\n' +
    'no other. Clones are never destroyed along.',
  usage: ['zwire destroy NAME... [-r] [--dry-run] [--yes] [--json]'],
  examples: [
    ['Look first:', 'zwire destroy tank/data -r --dry-run'],
    ['Then do it:', 'zwire destroy tank/data -r --yes'],
    [
      'Some snapshots and a bookmark:',
      "zwire destroy tank/data@monday tank/data@tuesday 'tank/data#sunday' --yes",
    ],
  ],
};

export const ROLLBACK_HELP: HelpPage = {
  purpose:
    'Roll a dataset back to one of its snapshots.\n\n' +
    'It says what that loses: newer snapshots and bookmarks, and what was written since. If there is any, it is\n' +
    'done only with --yes. Clones of newer snapshots stand in the way, and are never destroyed.',
  usage: ['zwire rollback DATASET@SNAPSHOT [--dry-run] [--yes] [--json]'],
  examples: [
    ['What would be lost:', 'zwire rollback tank/data@monday --dry-run'],
    ['Give it up:', 'zwire rollback tank/data@monday --yes'],
  ],
};

export const HOLD_HELP: HelpPage = {
  purpose: 'Keep snapshots from being destroyed, under a tag. What is held by the tag already stays so.',
  usage: ['zwire hold TAG DATASET@SNAPSHOT... [-r] [--json]'],
  examples: [['Until the backup has it:', 'zwire hold backup tank/data@monday']],
};

export const RELEASE_HELP: HelpPage = {
  purpose: 'Take the holds of a tag away again. What the tag does not hold stays as it is.',
  usage: ['zwire release TAG DATASET@SNAPSHOT... [-r] [--json]'],
  examples: [['Of a tree:', 'zwire release backup tank@nightly -r']],
};

export const BOOKMARK_HELP: HelpPage = {
  purpose:
    'Remember a snapshot by a bookmark, from which increments can start when the snapshot is gone.\n\n' +
    'The same bookmark again is no failure; one of another snapshot is.',
  usage: ['zwire bookmark DATASET@SNAPSHOT|DATASET#BOOKMARK #NAME [--json]'],
  examples: [['In the same dataset:', "zwire bookmark tank/data@monday '#monday'"]],
};
