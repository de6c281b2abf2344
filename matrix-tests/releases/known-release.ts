import { z } from 'zod';

const fact = <Value>(value: z.ZodType<Value>) => z.object({ value }).transform((one) => one.value);

const engine = z.object({ provider: z.enum(['sudo', 'sudo-rs']), version: z.string().nullable() });

/** Of what is recorded of a release, the part that a tree is made of. */
export const knownReleaseSchema = z.object({
  id: z.string(),
  title: z.string(),
  os: z.object({
    id: z.string(),
    idLike: z.array(z.string()),
    versionId: z.string(),
    codename: z.string(),
    name: z.string(),
    prettyName: fact(z.string()),
    versionInOsRelease: fact(z.boolean()),
    debianVersion: fact(z.string()),
  }),
  support: z.object({ archive: fact(z.enum(['main', 'historical'])) }),
  image: z.object({
    libc: fact(z.object({ version: z.string() })),
    init: fact(z.object({ kind: z.enum(['systemd', 'upstart', 'none']) })),
    usrMerged: fact(z.boolean()),
    coreutils: fact(z.object({ kind: z.string() })),
    resolvConf: fact(z.enum(['file', 'link'])),
    policyRcD: fact(z.boolean()),
    initctlDiverted: fact(z.boolean()),
    runSystemdContainer: fact(z.string().nullable()),
    dockerConfiguration: fact(z.array(z.string())),
    packages: z.array(z.object({ versions: z.record(z.string(), z.string()) })),
  }),
  sudo: z.object({
    packageVersion: fact(z.string()),
    engine: fact(engine),
    engineWithoutRecommends: fact(engine),
    how: fact(z.enum(['package', 'alternatives'])),
    programs: fact(z.object({ sudo: z.string(), visudo: z.string() })),
    sudoRs: fact(z.string().nullable()),
  }),
  sudoers: z.object({
    /** Name of the default file, beside the data. */
    text: fact(z.string().nullable()),
    reconstructed: z.boolean(),
    include: fact(z.object({ style: z.enum(['#', '@']), line: z.number() })),
  }),
  users: z.object({
    uid1000: fact(z.string().nullable()),
    adduser: fact(z.boolean()),
    homeMode: fact(z.string()),
    sudoGroupId: fact(z.number()),
  }),
  apt: z.object({
    sources: fact(z.object({ file: z.string(), format: z.enum(['list', 'deb822']) })),
  }),
  ca: z.object({ inImage: fact(z.boolean()), bundlePath: fact(z.string()) }),
});

export type KnownRelease = z.infer<typeof knownReleaseSchema>;
