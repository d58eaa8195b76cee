// A user of this system by name, from wherever the system knows it (/etc/passwd, LDAP, systemd): `id` asks for us.
import { ZwireError } from '../bytes/zwire-error.ts';
import type { User } from '../sys/privilege.ts';
import { runProcess } from './process.ts';

/** Throws USER_UNKNOWN, PROGRAM_MISSING. */
export async function lookUpUser(name: string, signal?: AbortSignal): Promise<User> {
  const options = signal === undefined ? {} : { signal };
  const [uids, gids, groups] = await Promise.all(
    ['-u', '-g', '-G'].map(async (what) => {
      const { exitCode, stdout } = await runProcess('id', [what, '--', name], options);
      return exitCode === 0 ? (stdout.match(/\d+/g) ?? []).map(Number) : [];
    }),
  );
  const [uid, gid] = [uids?.[0], gids?.[0]];
  if (uid !== undefined && gid !== undefined) return { name, uid, gid, groups: groups ?? [] };
  throw new ZwireError('USER_UNKNOWN', `there is no user ${JSON.stringify(name)} on this system`, {
    fields: { user: name },
    hint: 'Make one for it: useradd --system --no-create-home --shell /usr/sbin/nologin zwire',
  });
}
