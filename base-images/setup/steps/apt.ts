import { rootsFile } from '../draft.ts';
import type { StepContext } from '../step-context.ts';
import { bytesOf, readText } from '../text-file.ts';

const step = 'apt';

const aptConfiguration = `// Nobody is there to answer (ashlar base setup).
Dpkg::Options { "--force-confdef"; "--force-confold"; };
DPkg::Lock::Timeout "120";
`;

const needrestartConfiguration = `# Nobody is there to answer (ashlar base setup).
$nrconf{restart} = 'a';
`;

const debconfDatabase = 'var/cache/debconf/config.dat';

/**
 * Packages are installed without questions, whoever does it. What the environment says does not come through sudo, so it is said in files:
 * apt's and needrestart's in files of their own, debconf's in its database, as debconf-set-selections does.
 */
export async function planApt(context: StepContext): Promise<void> {
  const { draft, facts } = context;
  const files = await draft.files();
  if (facts.apt.version === null && (await files.follow('etc/apt'))?.type !== 'directory') return;
  await draft.placeFile('etc/apt/apt.conf.d/90ashlar', bytesOf(aptConfiguration), rootsFile, {
    step,
    why: 'apt asks nothing about configuration files, and waits for a lock',
  });
  if ((await files.follow('etc/needrestart'))?.type === 'directory')
    await draft.placeFile(
      'etc/needrestart/conf.d/zz-ashlar.conf',
      bytesOf(needrestartConfiguration),
      rootsFile,
      { step, why: 'needrestart asks nothing' },
    );
  const database = await readText(draft, debconfDatabase);
  const answered = database === null ? null : withFrontend(database);
  if (answered === null) return;
  await draft.editFile(debconfDatabase, bytesOf(answered), rootsFile, {
    step,
    why: 'debconf asks nothing',
  });
}

/** The database with the question after the frontend answered; null where it does not have the question. */
function withFrontend(database: string): string | null {
  const stanzas = database.split('\n\n');
  const index = stanzas.findIndex((stanza) => /^Name: debconf\/frontend$/m.test(stanza));
  const stanza = stanzas[index];
  if (stanza === undefined) return null;
  const value = 'Value: Noninteractive';
  const answered = /^Value:/m.test(stanza)
    ? stanza.replace(/^Value:.*$/m, value)
    : stanza.replace(/^(Template:.*)$/m, `$1\n${value}`);
  return stanzas.with(index, answered).join('\n\n');
}
